/**
 * Owns the keys of the state store on Redis.
 *
 * | key                          | holds                                                                          |
 * |------------------------------|--------------------------------------------------------------------------------|
 * | `PREFIXstate:KEY`            | hash `version`, `value` (JSON), `expiresAt` (ms): an item that is not listed    |
 * | `PREFIXitem:{COLLECTION}MEMBER` | likewise: an item of a collection                                           |
 * | `PREFIXindex:{COLLECTION}`   | sorted set of the collection's members, each with the score 0: in byte order   |
 *
 * The collection stands in a hash tag, so that its items and its index are in one slot of a cluster.
 */

import { like } from '@spaceship/core/adapter'
import { checkStateKey, listedKey } from '@spaceship/core/ports'

/** A brace in it would make a hash tag of its own. */
export const PREFIX = like(
  "a text without '{' and '}'",
  (prefix) => typeof prefix === 'string' && !/[{}]/.test(prefix),
)

/** What stands for one item: its hash, and if it is listed its place in the index. */
export interface ItemKeys {
  readonly item: string
  readonly index: string | undefined
  readonly member: string
}

/** @throws Permanent for a key that no store takes */
export function keysFor(prefix: string, key: string): ItemKeys {
  checkStateKey(key)
  const listed = listedKey(key)
  if (listed === undefined) return { item: `${prefix}state:${key}`, index: undefined, member: '' }
  const { collection, member } = listed
  return { item: itemKey(prefix, collection, member), index: indexKey(prefix, collection), member }
}

export function itemKey(prefix: string, collection: string, member: string): string {
  return `${prefix}item:${tag(collection)}${member}`
}

export function indexKey(prefix: string, collection: string): string {
  return `${prefix}index:${tag(collection)}`
}

/** A brace would end the tag early: two collections would still have two tags. */
function tag(collection: string): string {
  return `{${collection.replace(/[%{}]/g, (brace) => `%${brace.charCodeAt(0).toString(16)}`)}}`
}
