/**
 * Owns the order of dead letters in a sorted table: beside each letter's header an item that a query finds, the oldest first.
 *
 * | key, sort                                             | holds                                                               |
 * |-------------------------------------------------------|---------------------------------------------------------------------|
 * | `APPLICATION/dead-letter-of/BUCKET`, `AT/ID`          | nothing: its sort key says it all                                   |
 * | `APPLICATION/dead-letter-of`, `-`                     | that letters of earlier builds, which have no such item, were found |
 *
 * The item is written after the header, and before the letter is acknowledged; it goes after the header. So a letter without one is put again,
 * and one without a letter is swept by who lists.
 */

import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb'
import type { createAnswered } from './call.ts'
import type { Item } from './item.ts'

/** Letters of an application are spread over so many partitions. */
const BUCKETS = 8
const PAGE = 100

export interface LetterIndex {
  add(application: string, id: string, at: string): Promise<void>
  remove(application: string, id: string, at: string): Promise<void>
  /** The ids of all letters, the oldest first, with what `remove` needs. */
  list(application: string): AsyncIterable<{ readonly id: string; readonly at: string }>
  /** Whether letters of earlier builds were brought in. */
  isWhole(application: string): Promise<boolean>
  whole(application: string): Promise<void>
}

export function createLetterIndex(
  client: DynamoDBClient,
  table: string,
  answered: ReturnType<typeof createAnswered>,
): LetterIndex {
  const partitionOf = (application: string, bucket: number) => `${application}/dead-letter-of/${bucket}`
  const keyOf = (application: string, id: string, at: string): Item => ({
    key: { S: partitionOf(application, bucketOf(id)) },
    sort: { S: `${at}/${id}` },
  })
  const marker = (application: string): Item => ({
    key: { S: `${application}/dead-letter-of` },
    sort: { S: '-' },
  })
  const put = async (Item: Item) =>
    void (await answered('PutItem', client.send(new PutItemCommand({ TableName: table, Item }))))

  /** One partition, page by page. */
  async function* inBucket(application: string, bucket: number): AsyncGenerator<{ at: string; id: string }> {
    let ExclusiveStartKey: Item | undefined
    do {
      const command = new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: '#key = :key',
        ExpressionAttributeNames: { '#key': 'key' },
        ExpressionAttributeValues: { ':key': { S: partitionOf(application, bucket) } },
        Limit: PAGE,
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      })
      const page = await answered('Query', client.send(command))
      for (const { sort } of page.Items ?? []) {
        const [at = '', ...id] = (sort?.S ?? '').split('/')
        yield { at, id: id.join('/') }
      }
      ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey !== undefined)
  }

  return {
    add: (application, id, at) => put(keyOf(application, id, at)),
    remove: async (application, id, at) => {
      const command = new DeleteItemCommand({ TableName: table, Key: keyOf(application, id, at) })
      await answered('DeleteItem', client.send(command))
    },
    list: async function* (application) {
      const heads = await Promise.all(
        Array.from({ length: BUCKETS }, async (_, bucket) => {
          const rest = inBucket(application, bucket)
          return { rest, next: await rest.next() }
        }),
      )
      for (;;) {
        const [first] = heads
          .filter(({ next }) => next.done !== true)
          // ISO times in UTC sort as text.
          .sort((a, b) => (a.next.value.at < b.next.value.at ? -1 : 1))
        if (first === undefined) return
        yield first.next.value
        first.next = await first.rest.next()
      }
    },
    isWhole: async (application) => {
      const command = new GetItemCommand({ TableName: table, Key: marker(application), ConsistentRead: true })
      return (await answered('GetItem', client.send(command))).Item !== undefined
    },
    whole: (application) => put(marker(application)),
  }
}

/** FNV-1a: equal texts must find their bucket again, nothing more. */
function bucketOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % BUCKETS
}
