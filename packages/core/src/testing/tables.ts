/** Owns the virtual tables: what a write does to an item, and the change record that DynamoDB would send for it. */

import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual as same } from 'node:util'
import { type Entity, marshal, SpaceshipError, unmarshal } from '../index.ts'
import { memoryEntities } from '../memory/index.ts'
import type { EntityReader } from '../ports/index.ts'

export type EntitySpec = Entity<unknown>['spec']
export type Row = Readonly<Record<string, unknown>>

export interface Tables extends EntityReader {
  /** @returns the change record, or undefined for a write that changes nothing */
  put(entity: EntitySpec, item: Row): ChangeRecord | undefined
  /** Changes some attributes of a row; undefined removes one. @throws SpaceshipError `no-row` */
  update(entity: EntitySpec, key: Row, changes: Row): ChangeRecord | undefined
  remove(entity: EntitySpec, key: Row, by: 'user' | 'ttl'): ChangeRecord | undefined
  /** As DynamoDB's time to live does. @throws SpaceshipError `no-row` */
  expire(entity: EntitySpec, key: Row): ChangeRecord | undefined
}

export interface ChangeRecord {
  readonly partitionKey: string
  readonly data: Uint8Array
}

export function createTables(now: () => number): Tables {
  const rows = memoryEntities()
  const current = new Map<string, Row>()
  let lastMicros = 0

  /** Two writes never tie, as with DynamoDB's microsecond precision. */
  function nextMicros(): number {
    lastMicros = Math.max(lastMicros + 1, now() * 1_000)
    return lastMicros
  }

  function record(
    entity: EntitySpec,
    key: Row,
    before: Row | undefined,
    after: Row | undefined,
    by: 'user' | 'ttl',
  ): ChangeRecord {
    const kind = before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY'
    const change = {
      awsRegion: 'eu-west-1',
      eventID: randomUUID(),
      eventName: kind,
      userIdentity: by === 'ttl' ? { type: 'Service', principalId: 'dynamodb.amazonaws.com' } : null,
      recordFormat: 'application/json',
      tableName: entity.table,
      dynamodb: {
        ApproximateCreationDateTime: nextMicros(),
        ApproximateCreationDateTimePrecision: 'MICROSECOND',
        Keys: marshal(key),
        ...(before === undefined ? {} : { OldImage: marshal(before) }),
        ...(after === undefined ? {} : { NewImage: marshal(after) }),
      },
      eventSource: 'aws:dynamodb',
    }
    const partitionKey = `${entity.table}/${keyText(entity, key)}`
    return { partitionKey, data: new TextEncoder().encode(JSON.stringify(change)) }
  }

  function put(entity: EntitySpec, item: Row): ChangeRecord | undefined {
    const key = keyOf(entity, item)
    const id = idOf(entity, key)
    const after = unmarshal(marshal(item), entity.numbers)
    const before = current.get(id)
    if (before !== undefined && same(before, after)) return undefined
    current.set(id, after)
    rows.put(entity.table, key, after)
    return record(entity, key, before, after, 'user')
  }

  function remove(entity: EntitySpec, given: Row, by: 'user' | 'ttl'): ChangeRecord | undefined {
    const key = keyOf(entity, given)
    const id = idOf(entity, key)
    const before = current.get(id)
    if (before === undefined) return undefined
    current.delete(id)
    rows.remove(entity.table, key)
    return record(entity, key, before, undefined, by)
  }

  function existing(entity: EntitySpec, given: Row): Row {
    const key = keyOf(entity, given)
    const row = current.get(idOf(entity, key))
    if (row !== undefined) return row
    throw new SpaceshipError(
      'no-row',
      `no ${entity.name} has the key '${keyText(entity, key)}': expected a row that put() wrote before`,
    )
  }

  return {
    read: rows.read,
    put,
    update: (entity, key, changes) => {
      const row = existing(entity, key)
      const named = entity.key.filter((name) => name in changes && !same(changes[name], row[name]))
      if (named.length > 0)
        throw new SpaceshipError(
          'key',
          `'${named.join("', '")}' of ${entity.name} is its key, which an update cannot change: expected remove() of the row, and put() of another`,
        )
      const merged = Object.entries({ ...row, ...changes }).filter(([, value]) => value !== undefined)
      return put(entity, Object.fromEntries(merged))
    },
    remove,
    expire: (entity, key) => {
      existing(entity, key)
      return remove(entity, key, 'ttl')
    },
  }
}

function keyOf(entity: EntitySpec, row: Row): Row {
  const missing = entity.key.filter((name) => row[name] === undefined)
  if (missing.length > 0)
    throw new SpaceshipError(
      'key',
      `'${missing.join("', '")}' of ${entity.name} is missing: expected all attributes of its key`,
    )
  return Object.fromEntries(entity.key.map((name) => [name, row[name]]))
}

function keyText(entity: EntitySpec, key: Row): string {
  return entity.key.map((name) => textOf(key[name])).join('|')
}

/** Of one row alone: another type is another key, numbers are equal however they are held, and no key reads like two. */
function idOf(entity: EntitySpec, key: Row): string {
  return JSON.stringify([entity.table, ...entity.key.map((name) => [typeOf(key[name]), textOf(key[name])])])
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : String(value)
}

function typeOf(value: unknown): 'text' | 'binary' | 'number' {
  return typeof value === 'string' ? 'text' : value instanceof Uint8Array ? 'binary' : 'number'
}
