/**
 * Owns dead letters in a DynamoDB table, beside or instead of state. A record may be larger than an item (10 MiB against
 * 400 KB), so its bytes stand in items of their own; the header is written last, and a letter exists once it has one.
 *
 * | key                                     | attributes                                                       |
 * |-----------------------------------------|------------------------------------------------------------------|
 * | `dead-letter/<id>/<part, 4 digits>`     | `data` B: up to 350 KB of the record                             |
 * | `dead-letter/<id>`                      | `letter` S: all but the bytes, as JSON; `parts` N; `application` S |
 */

import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb'
import type { DeadLetter, DeadLetters } from '@spaceship/core/ports'
import { nameOf } from '../aws/index.ts'
import { answered } from './call.ts'

const PART = 350_000

export interface DynamoDBDeadLettersOptions {
  readonly client: DynamoDBClient
  /** A table with the string partition key `key`: the state table will do. */
  readonly table: string
}

/** DeadLetters in a DynamoDB table. Grant GetItem and PutItem, and Scan to who lists them. */
export function dynamodbDeadLetters({ client, table }: DynamoDBDeadLettersOptions): DeadLetters {
  const keyOf = (id: string) => `dead-letter/${id}`
  const partKey = (id: string, part: number) => `${keyOf(id)}/${String(part).padStart(4, '0')}`

  async function put(item: Record<string, AttributeValue>): Promise<void> {
    const command = new PutItemCommand({
      TableName: table,
      Item: item,
      ConditionExpression: 'attribute_not_exists(#key)',
      ExpressionAttributeNames: { '#key': 'key' },
    })
    try {
      await answered(client.send(command))
    } catch (error) {
      // The same letter again: the first one stays.
      if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
    }
  }

  async function read(key: string): Promise<Record<string, AttributeValue> | undefined> {
    const command = new GetItemCommand({ TableName: table, Key: { key: { S: key } }, ConsistentRead: true })
    return (await answered(client.send(command))).Item
  }

  async function open(header: Record<string, AttributeValue>): Promise<DeadLetter> {
    // Written by `put` below alone.
    const letter = JSON.parse(header.letter?.S ?? '{}') as Omit<DeadLetter, 'data' | 'at'> & { at: string }
    const parts: Uint8Array[] = []
    for (let part = 0; part < Number(header.parts?.N ?? 0); part += 1) {
      parts.push((await read(partKey(letter.id, part)))?.data?.B ?? new Uint8Array())
    }
    return {
      ...letter,
      reactor: letter.reactor,
      route: letter.route,
      at: new Date(letter.at),
      data: new Uint8Array(Buffer.concat(parts)),
    }
  }

  return {
    put: async ({ data, ...letter }) => {
      const parts = Math.ceil(data.length / PART)
      for (let part = 0; part < parts; part += 1) {
        await put({
          key: { S: partKey(letter.id, part) },
          data: { B: data.subarray(part * PART, (part + 1) * PART) },
        })
      }
      await put({
        key: { S: keyOf(letter.id) },
        application: { S: letter.application },
        letter: { S: JSON.stringify(letter) },
        parts: { N: String(parts) },
      })
    },
    get: async (id) => {
      const header = await read(keyOf(id))
      return header === undefined ? undefined : open(header)
    },
    list: async function* (application) {
      const filter = {
        FilterExpression: 'begins_with(#key, :prefix) AND #application = :application',
        ExpressionAttributeNames: { '#key': 'key', '#application': 'application' },
        ExpressionAttributeValues: { ':prefix': { S: 'dead-letter/' }, ':application': { S: application } },
      }
      const letters: DeadLetter[] = []
      for await (const page of paginateScan(
        { client },
        { TableName: table, ConsistentRead: true, ...filter },
      )) {
        for (const header of page.Items ?? []) letters.push(await open(header))
      }
      yield* letters.sort((a, b) => a.at.getTime() - b.at.getTime())
    },
  }
}
