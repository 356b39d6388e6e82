/**
 * Owns the state table's item: one per key, each write under a new random version.
 *
 * | attribute   | type | meaning                                                                    |
 * |-------------|------|----------------------------------------------------------------------------|
 * | `key`       | S    | partition key                                                              |
 * | `value`     | S    | the value as JSON                                                          |
 * | `version`   | S    | random, new with each write: compare-and-set is on it                      |
 * | `expiresAt` | N    | seconds since 1970: the table's TTL attribute, also checked when reading   |
 */

import { randomUUID } from 'node:crypto'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { SetOptions, SetResult, StateItem, StateValue } from '@spaceship/core/ports'

export type Item = Record<string, AttributeValue>

/** What a `set` asks for, as it was when it was called. */
export interface Write {
  readonly key: string
  readonly value: string
  readonly version: string
  /** The version that must be there; nothing may be there if it is undefined. */
  readonly expect: string | undefined
  readonly expiresAt: string | undefined
}

export function writeOf(key: string, value: StateValue, { expect, expiresAt }: SetOptions): Write {
  const seconds = expiresAt === undefined ? undefined : String(Math.ceil(expiresAt.getTime() / 1_000))
  return { key, value: JSON.stringify(value), version: randomUUID(), expect, expiresAt: seconds }
}

/** @param now seconds since 1970, as in each function here */
export function readItem(item: Item | undefined, now: number): StateItem | undefined {
  if (item === undefined || isExpired(item, now)) return undefined
  // Written by `set` alone, as the JSON of a StateValue.
  return { value: JSON.parse(item.value?.S ?? '{}') as StateValue, version: item.version?.S ?? '' }
}

/** What a write answers whose condition failed on what was there. */
export function refusal({ version }: Write, there: Item | undefined, now: number): SetResult {
  // A request is repeated if its answer was lost: then what is in the way is this very write.
  if (there?.version?.S === version) return { ok: true, version }
  return { ok: false, current: readItem(there, now) }
}

function isExpired({ expiresAt }: Item, now: number): boolean {
  return expiresAt?.N !== undefined && Number(expiresAt.N) <= now
}
