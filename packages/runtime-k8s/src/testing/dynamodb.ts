/**
 * Owns the lease table of a simulation: the requests that lease tables get, by DynamoDB's rules. What it does not know it refuses, as DynamoDB
 * refuses names and values that an expression does not use.
 */

import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Item } from '../leases/lease.ts'
import { refusal } from './refusal.ts'

export interface Write {
  readonly key: string
  readonly before: Item | undefined
  readonly after: Item | undefined
  /** Whether it names an owner. */
  readonly takes: boolean
}

export interface SimTable {
  readonly rows: ReadonlyMap<string, Item>
  /** @param written told of what has changed @throws what AWS would refuse it with */
  answer(command: unknown, written: (write: Write) => void): object
  /** Deletes a row, whatever it says. @returns none if there is none */
  drop(pick: number): { readonly key: string; readonly row: Item } | undefined
}

export const TABLE = 'app'

interface Expressions {
  readonly ConditionExpression?: string | undefined
  readonly UpdateExpression?: string | undefined
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined
}

/** @param pageSize rows that a page of a scan has at most */
export function createTable(pageSize: () => number): SimTable {
  const rows = new Map<string, Item>()

  function write(
    key: string,
    input: Expressions,
    after: (before: Item | undefined) => Item | undefined,
    written: (write: Write) => void,
  ): Item | undefined {
    const before = rows.get(key)
    const names = namesOf(input)
    if (!holds(input.ConditionExpression, before, names)) {
      names.checkUsed(input.UpdateExpression)
      throw refusal('ConditionalCheckFailedException', 'The conditional request failed')
    }
    const now = after(before)
    names.checkUsed(input.UpdateExpression)
    if (now === undefined) rows.delete(key)
    else rows.set(key, now)
    if (now !== before) written({ key, before, after: now, takes: isTake(input) })
    return now
  }

  return {
    rows,
    answer: (command, written) => {
      if (command instanceof ScanCommand) return scan(rows, command, pageSize())
      if (command instanceof GetItemCommand) {
        const { input } = command
        const item = rows.get(keyOf(input.TableName, input.Key))
        return item === undefined ? {} : { Item: item }
      }
      if (command instanceof PutItemCommand) {
        const { input } = command
        write(keyOf(input.TableName, input.Item, false), input, () => ({ ...input.Item }), written)
        return {}
      }
      if (command instanceof UpdateItemCommand) {
        const { input } = command
        const update = (before: Item | undefined) => updated({ ...(before ?? input.Key) }, input)
        const after = write(keyOf(input.TableName, input.Key), input, update, written)
        return input.ReturnValues === 'ALL_NEW' ? { Attributes: after } : {}
      }
      if (command instanceof DeleteItemCommand) {
        const { input } = command
        write(keyOf(input.TableName, input.Key), input, () => undefined, written)
        return {}
      }
      throw refusal('UnknownOperationException')
    },
    drop: (pick) => {
      const key = [...rows.keys()].sort()[pick % Math.max(1, rows.size)]
      const row = rows.get(key ?? '')
      if (key === undefined || row === undefined) return undefined
      rows.delete(key)
      return { key, row }
    },
  }
}

function isTake(input: Expressions): boolean {
  return input.ExpressionAttributeValues?.[':leaseOwner'] !== undefined
}

function scan(rows: ReadonlyMap<string, Item>, { input }: ScanCommand, size: number): object {
  if (input.TableName !== TABLE) throw refusal('ResourceNotFoundException')
  const most = Math.min(size, input.Limit ?? size)
  if (input.ExclusiveStartKey === undefined && rows.size <= most) return { Items: [...rows.values()] }
  const keys = [...rows.keys()].sort()
  const from = input.ExclusiveStartKey?.leaseKey?.S
  const begin = from === undefined ? 0 : keys.findIndex((key) => key > from)
  const page = begin === -1 ? [] : keys.slice(begin, begin + most)
  const last = page.at(-1)
  return {
    Items: page.map((key) => rows.get(key)),
    ...(last !== undefined && last !== keys.at(-1) ? { LastEvaluatedKey: { leaseKey: { S: last } } } : {}),
  }
}

/** @param isKey there is no attribute but the key's */
function keyOf(table: string | undefined, item: Item | undefined, isKey = true): string {
  if (table !== TABLE) throw refusal('ResourceNotFoundException', 'Requested resource not found')
  if (isKey && Object.keys(item ?? {}).some((name) => name !== 'leaseKey'))
    throw refusal('ValidationException', 'The provided key element does not match the schema')
  const key = item?.leaseKey?.S
  if (key === undefined || key === '') throw refusal('ValidationException', 'the key is missing')
  return key
}

interface Names {
  name(text: string): string
  value(text: string): AttributeValue
  /** @throws for names and values that no expression uses */
  checkUsed(update: string | undefined): void
}

function namesOf(input: Expressions): Names {
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = input
  return {
    name: (text) => {
      const name = text.startsWith('#') ? names[text] : text
      if (name === undefined || !/^[\w.]+$/.test(name))
        throw refusal('ValidationException', `no name ${text}`)
      return name
    },
    value: (text) => {
      const value = values[text]
      if (value === undefined) throw refusal('ValidationException', `no value ${text}`)
      return value
    },
    checkUsed: (update = '') => {
      const used = new Set(`${update} ${input.ConditionExpression ?? ''}`.match(/[#:]\w+/g))
      const idle = [...Object.keys(names), ...Object.keys(values)].filter((text) => !used.has(text))
      if (idle.length > 0) throw refusal('ValidationException', `not used: ${idle.join(', ')}`)
    },
  }
}

function holds(condition: string | undefined, item: Item | undefined, names: Names): boolean {
  if (condition === undefined) return true
  if (condition.includes(' AND ')) return condition.split(' AND ').every((part) => holds(part, item, names))
  const either = /^\((.*)\)$/.exec(condition)?.[1]
  if (either !== undefined)
    return either
      .split(' OR ')
      .map((part) => holds(part, item, names))
      .includes(true)
  const exists = /^attribute_(not_)?exists\((#?\w+)\)$/.exec(condition)
  if (exists !== null)
    return (item?.[names.name(exists[2] ?? '')] === undefined) === (exists[1] !== undefined)
  const equals = /^(#?\w+) = (:\w+)$/.exec(condition)
  if (equals === null) throw refusal('ValidationException', `unknown condition: ${condition}`)
  const [found, wanted] = [item?.[names.name(equals[1] ?? '')], names.value(equals[2] ?? '')]
  if (found === undefined) return false
  return found.N !== undefined && wanted.N !== undefined
    ? Number(found.N) === Number(wanted.N)
    : found.S !== undefined && found.S === wanted.S
}

function updated(item: Record<string, AttributeValue>, input: Expressions): Item {
  const names = namesOf(input)
  const [set = '', remove] = (input.UpdateExpression ?? '').split(/ ?REMOVE /)
  if ((set !== '' && !set.startsWith('SET ')) || (set === '' && remove === undefined))
    throw refusal('ValidationException', `unknown update: ${input.UpdateExpression}`)
  for (const assignment of set === '' ? [] : set.slice('SET '.length).split(', ')) {
    const [target = '', source = ''] = assignment.split(' = ')
    item[names.name(target)] = names.value(source)
  }
  for (const removed of remove?.split(', ') ?? []) delete item[names.name(removed)]
  return item
}
