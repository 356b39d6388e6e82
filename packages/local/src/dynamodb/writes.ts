import {
  type Fields,
  faultOf,
  faultReply,
  fieldsOf,
  isFields,
  JSON_TYPE,
  type Reply,
  type Request,
} from '../http/index.ts'
import type { Capture, Touched } from './capture.ts'
import { emptyIndexKey } from './index-keys.ts'
import { keyOf, type Tables } from './tables.ts'

export interface WriteOptions {
  readonly forward: (request: Request) => Promise<Reply>
  readonly capture: Capture
  readonly tables: Tables
}

/**
 * PutItem, UpdateItem and DeleteItem. A request that names no item that could exist goes straight on: the emulator
 * refuses it.
 */
export async function singleWrite(options: WriteOptions, request: Request, input: Fields): Promise<Reply> {
  const { forward, capture, tables } = options
  const touched = await itemOf(tables, input.TableName, input.Key ?? input.Item)
  if (touched === undefined) return forward(request)
  const empty = await emptyIndexKey(tables, input)
  if (empty !== undefined) return faultReply(empty, JSON_TYPE)
  const wantsOld = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
  return capture.around(
    [touched],
    async ([before]) => {
      const reply = await forward(request)
      return wantsOld ? withOldItem(reply, before) : reply
    },
    { needBefore: wantsOld },
  )
}

/** BatchWriteItem: up to 25 independent writes, forwarded as one. */
export async function batchWrite(options: WriteOptions, request: Request, input: Fields): Promise<Reply> {
  const { forward, capture, tables } = options
  const touched: Touched[] = []
  for (const [table, requests] of Object.entries(isFields(input.RequestItems) ? input.RequestItems : {})) {
    for (const entry of Array.isArray(requests) ? requests : []) {
      const item = await itemOf(tables, table, entry?.PutRequest?.Item ?? entry?.DeleteRequest?.Key)
      const { Item } = Object(entry?.PutRequest)
      const empty = await emptyIndexKey(tables, { TableName: table, Item })
      if (empty !== undefined) return faultReply(empty, JSON_TYPE)
      if (item !== undefined) touched.push(item)
    }
  }
  return capture.around(touched, () => forward(request))
}

/** The item that a table and a key, or a whole item, name. */
export async function itemOf(
  tables: Tables,
  table: unknown,
  attributes: unknown,
): Promise<Touched | undefined> {
  if (typeof table !== 'string') return undefined
  const schema = await tables.keySchema(table)
  const key = schema && keyOf(schema, attributes)
  return key && { table, key }
}

/** The emulator knows `ReturnValuesOnConditionCheckFailure` but never returns the item. */
function withOldItem(reply: Reply, before: Fields | undefined): Reply {
  if (before === undefined || faultOf(reply)?.name !== 'ConditionalCheckFailedException') return reply
  const { 'x-amz-crc32': _, ...headers } = reply.headers ?? {}
  return { ...reply, headers, body: JSON.stringify({ ...fieldsOf(reply.body), Item: before }) }
}
