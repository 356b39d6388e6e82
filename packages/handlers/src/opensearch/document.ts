/**
 * Owns what becomes of a document on its way into an index, the same for every engine.
 *
 * | value                  | in the index                                                     |
 * |------------------------|------------------------------------------------------------------|
 * | a bigint               | an integer with all its digits: `long` takes 64 bits             |
 * | a Set                  | an array                                                         |
 * | binary                 | base64                                                           |
 * | a Date                 | its time in ISO 8601                                             |
 * | what JSON carries      | as it is                                                         |
 * | a name of `poison.ts`  | refused: no answer that holds it can be read                     |
 * | anything else          | refused: see `exact` of `@spaceship/core/adapter`                |
 */

import { Permanent } from '@spaceship/core'
import { exactJson } from '@spaceship/core/adapter'
import { pathOfPoison } from './poison.ts'

/** A document as the index gets it. @throws Permanent for what it cannot hold, with its path */
export function textOf(document: object, index: string): string {
  const what = `a document for the index '${index}'`
  const text = exactJson(document, what, { replace, bigints: true })
  const poison = pathOfPoison(text)
  if (poison !== undefined)
    throw new Permanent(
      `${what}: '${poison}' is a name that the official client of OpenSearch reads in no answer, so no search could find this document, nor any other that is found with it: expected a document without that field, or with another name for it`,
    )
  return text
}

function replace(value: object): unknown {
  if (value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined
}
