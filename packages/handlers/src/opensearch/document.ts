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

import { exact } from '@spaceship/core/adapter'

/** A copy of a document as the index gets it. @throws Permanent for what it cannot hold, with its path */
export function documentOf(document: object, index: string): object {
  const what = `a document for the index '${index}'`
  // A copy of an object, or what stands for it, is an object.
  return exact(document, what, { replace, bigints: true }) as object
}

function replace(value: object): unknown {
  if (value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined
}

// Safe: the method exists in every Node that this package supports; the type library does not know it yet.
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }

/** The text of a document, with all digits of its integers. */
export function textOf(document: object): string {
  return JSON.stringify(document, (_, value: unknown) =>
    typeof value === 'bigint' ? rawJSON(String(value)) : value,
  )
}
