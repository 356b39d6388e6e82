/**
 * Owns the state table's item: one per key, each write under a new random version.
 *
 * | attribute   | type | meaning                                                                    |
 * |-------------|------|----------------------------------------------------------------------------|
 * | `key`       | S    | partition key: the key, or in a sorted table the collection of a listed key |
 * | `sort`      | S    | of a sorted table alone: `-`, or `/` and the member of a listed key        |
 * | `value`     | S    | the value as JSON                                                          |
 * | `version`   | S    | random, new with each write: compare-and-set is on it                      |
 * | `expiresAt` | N    | seconds since 1970: the table's TTL attribute, also checked when reading   |
 */

import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { exactJson, flag, required } from '@spaceship/core/adapter'
import {
  checkStateKey,
  checkStateWrite,
  listedKey,
  type SetOptions,
  type SetResult,
  type StateItem,
  type StateValue,
} from '@spaceship/core/ports'
import { client, nameFor } from '../aws/index.ts'

export type Item = Record<string, AttributeValue>

/** How a table is keyed: by `key` alone, or by `key` and `sort`. */
export interface Layout {
  readonly sorted: boolean
}

/** The primary key of a key's item. No two keys have one: what ordinary ones sort under is no member's. @throws Permanent */
export function primaryKey(key: string, { sorted }: Layout): Item {
  checkStateKey(key)
  if (!sorted) return { key: { S: key } }
  const listed = listedKey(key)
  if (listed === undefined) return { key: { S: key }, sort: { S: '-' } }
  return { key: { S: listed.collection }, sort: { S: sortOf(listed.member) } }
}

/** A member may be empty, a sort key not. */
export function sortOf(member: string): string {
  return `/${member}`
}

/** The shapes of what every adapter here is told of its table. */
export const TABLE = { client: required(client('DynamoDBClient')), table: nameFor('table'), sorted: flag }

/** What a `set` asks for, as it was when it was called. */
export interface Write {
  readonly key: string
  readonly primary: Item
  readonly value: string
  readonly version: string
  /** The version that must be there; nothing may be there if it is undefined. */
  readonly expect: string | undefined
  readonly expiresAt: string | undefined
}

export function writeOf(
  key: string,
  value: StateValue,
  { expect, expiresAt }: SetOptions,
  layout: Layout,
): Write {
  const json = exactJson(value, `the value of '${key}'`)
  checkStateWrite(key, json, expiresAt)
  const seconds = expiresAt === undefined ? undefined : String(Math.ceil(expiresAt.getTime() / 1_000))
  return {
    key,
    primary: primaryKey(key, layout),
    value: json,
    version: crypto.randomUUID(),
    expect,
    expiresAt: seconds,
  }
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

export function isExpired({ expiresAt }: Item, now: number): boolean {
  return expiresAt?.N !== undefined && Number(expiresAt.N) <= now
}

/** The condition of a put that nothing is there, or nothing any more. */
export function absent(now: number) {
  return {
    ConditionExpression: 'attribute_not_exists(#key) OR #expiresAt <= :now',
    ExpressionAttributeNames: { '#key': 'key', '#expiresAt': 'expiresAt' },
    ExpressionAttributeValues: { ':now': { N: String(now) } },
  }
}
