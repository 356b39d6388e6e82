/**
 * Owns what stands in Memcached for a reference:
 *
 * | of the item | is                                                                                                        |
 * |-------------|-----------------------------------------------------------------------------------------------------------|
 * | key         | `PREFIX` and the key, if both have at most 250 bytes of printable ASCII; else `PREFIX~` and the key's SHA-256 |
 * | value       | `@`, the item's key, a newline, the value: an answer that belongs to another key is known as such          |
 * | expiry      | whole seconds, at least one; beyond 30 days a date, which is how Memcached reads such a number              |
 */

import { Permanent } from '@spaceship/core'
import { like } from '@spaceship/core/adapter'

/** Leaves room for `~` and the digest. */
export const PREFIX = like(
  'a text of at most 200 printable ASCII characters without blanks',
  (prefix) => typeof prefix === 'string' && /^[\x21-\x7e]{0,200}$/.test(prefix),
)

const LONGEST_KEY = 250
const PRINTABLE = /^[\x21-\x7e]+$/

export function itemKey(prefix: string, key: string): string {
  const plain = prefix + key
  if (plain.length <= LONGEST_KEY && PRINTABLE.test(plain) && !key.startsWith('~')) return plain
  // In UTF-16, which keeps apart what UTF-8 has no form of.
  // Asked for when a key is too long: to load it takes longer than the rest of a function does.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return `${prefix}~${createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('base64url')}`
}

/** The limit of a server that was not told another one: an item's key, value and header together. */
const LARGEST_ITEM = 1_048_576
/** More than the header of an item has in any version. */
const HEADER = 512

/**
 * @returns what is stored under an item's key
 * @throws Permanent for what is too large: Memcached would refuse it, and remove the value that is there
 */
export function enveloped(key: string, value: string): Buffer {
  const data = Buffer.from(`@${key}\n${value}`)
  const most = LARGEST_ITEM - HEADER - 2 * (key.length + 2)
  const size = data.length - key.length - 2
  if (size > most)
    throw new Permanent(
      `the value of a reference has ${size} bytes: expected at most ${most}, which an item of Memcached holds`,
    )
  return data
}

/**
 * @returns the value that stands in an item
 * @throws Permanent for an item that somebody else has stored, Error for an item that belongs to another key
 */
export function opened(key: string, data: Buffer): string {
  const text = data.toString()
  const head = `@${key}\n`
  if (text.startsWith(head)) return text.slice(head.length)
  if (/^@[\x21-\x7e]{1,250}\n/.test(text)) throw new Error('the answer of the node belongs to another key')
  throw new Permanent("the key in Memcached holds something else: choose another 'prefix'")
}

/** What is more seconds than that is read as a date. */
const THIRTY_DAYS = 2_592_000
/** Memcached reads a number of 32 bits. */
const LAST_DATE = 2_147_483_647

/**
 * @param ttl in milliseconds
 * @param now milliseconds since 1970
 */
export function expiryOf(ttl: number, now: number): number {
  const seconds = Math.max(1, Math.ceil(ttl / 1_000))
  if (seconds <= THIRTY_DAYS) return seconds
  const today = Math.floor(now / 1_000)
  // A reference may be forgotten early, and none is kept for ever.
  return LAST_DATE - today > THIRTY_DAYS ? Math.min(today + seconds, LAST_DATE) : THIRTY_DAYS
}
