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
 * | anything else          | refused: see `exact` of `@spaceship/core/adapter`                |
 */

import { exactJson } from '@spaceship/core/adapter'

/** A document as the index gets it. @throws Permanent for what it cannot hold, with its path */
export function textOf(document: object, index: string): string {
  return exactJson(document, `a document for the index '${index}'`, { replace, bigints: true })
}

function replace(value: object): unknown {
  if (value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined
}
