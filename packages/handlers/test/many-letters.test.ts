/** Lists of 100,000 dead letters: each letter once and in order, and never more of them at a time than a few, with the page that they stand on. */

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { S3Client } from '@aws-sdk/client-s3'
import type { DeadLetter, DeadLetters } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import { dynamodbDeadLetters } from '../src/dynamodb/index.ts'
import { bytesOf } from '../src/letters/index.ts'
import { s3DeadLetters } from '../src/s3/index.ts'

const COUNT = 100_000
const LONG = 60_000
/** Letters that are read before they are asked for. */
const AHEAD = 8

const idOf = (n: number) => `app/r/x/${String(n).padStart(6, '0')}`
const numberIn = (id: unknown) => Number(String(id).split('/').at(-1))
const momentOf = (n: number) => new Date(n * 1_000)

const letterOf = (n: number): DeadLetter => ({
  ...{ id: idOf(n), application: 'app', reactor: 'r', route: 'x', lane: '', reason: 'permanent' },
  ...{ detail: 'd', attempts: 1, at: momentOf(n), stream: 's', shard: '0', sequence: String(n) },
  ...{ subSequence: 0, partitionKey: 'k', data: new Uint8Array([1]) },
})

interface Counts {
  pages: number
  reads: number
}

interface Command {
  readonly constructor: { readonly name: string }
  readonly input: Readonly<Record<string, unknown>>
}

/** A client that makes pages as they are asked for, and counts. */
function counting(answers: Readonly<Record<string, (input: Command['input']) => object>>) {
  const counts: Counts = { pages: 0, reads: 0 }
  const send = async ({ constructor: { name }, input }: Command) => {
    if (name === 'GetObjectCommand' || name === 'GetItemCommand') counts.reads += 1
    else counts.pages += 1
    return answers[name]?.(input)
  }
  // Safe: the adapters use `send` alone of a client.
  return { counts, client: { send } as unknown as S3Client & DynamoDBClient }
}

const range = (from: number, to: number, by = 1) =>
  Array.from({ length: Math.max(0, Math.ceil((Math.min(to, COUNT) - from) / by)) }, (_, n) => from + n * by)

function s3() {
  return counting({
    ListObjectsV2Command: ({ ContinuationToken = '0' }) => {
      const from = Number(ContinuationToken)
      const Contents = range(from, from + 1_000).map((n) => ({ Key: `dead-letters/${idOf(n)}`, Size: 200 }))
      return { Contents, ...(from + 1_000 < COUNT && { NextContinuationToken: String(from + 1_000) }) }
    },
    GetObjectCommand: ({ Key }) => ({
      Body: { transformToByteArray: async () => bytesOf(letterOf(numberIn(Key))) },
    }),
  })
}

function headerOf(n: number) {
  const { data, ...words } = letterOf(n)
  return {
    key: { S: `app/dead-letter/${idOf(n).slice('app/'.length)}` },
    application: { S: 'app' },
    letter: { S: JSON.stringify(words) },
    data: { B: data },
  }
}

/** Every eighth letter lies in one partition of the index. */
function dynamodb() {
  return counting({
    QueryCommand: ({ ExpressionAttributeValues, ExclusiveStartKey }) => {
      const bucket = numberIn(Object(ExpressionAttributeValues)[':key'].S)
      const from = ExclusiveStartKey === undefined ? bucket : Number(Object(ExclusiveStartKey).n.N)
      const Items = range(from, from + 800, 8).map((n) => ({
        sort: { S: `${momentOf(n).toISOString()}/${idOf(n)}` },
      }))
      return { Items, ...(from + 800 < COUNT && { LastEvaluatedKey: { n: { N: String(from + 800) } } }) }
    },
    ScanCommand: ({ ExclusiveStartKey }) => {
      const from = ExclusiveStartKey === undefined ? 0 : Number(Object(ExclusiveStartKey).n.N)
      const Items = range(from, from + 1_000).map(headerOf)
      return { Items, ...(from + 1_000 < COUNT && { LastEvaluatedKey: { n: { N: String(from + 1_000) } } }) }
    },
    GetItemCommand: ({ Key }) => {
      const key = String(Object(Key).key.S)
      // Without it the table holds letters of an earlier build.
      return key === 'app/dead-letter-of' ? { Item: { key: { S: key } } } : { Item: headerOf(numberIn(key)) }
    },
  })
}

/** @param pagesFor how many pages may have been asked for at most, once so many letters were wanted */
async function listed(letters: DeadLetters, counts: Counts, pagesFor: (wanted: number) => number) {
  let taken = 0
  const most = { ahead: 0, pagesTooMany: 0 }
  for await (const { id } of letters.list('app')) {
    if (numberIn(id) !== taken) throw new Error(`letter ${taken} is missing: here is '${id}'`)
    taken += 1
    most.ahead = Math.max(most.ahead, counts.reads - taken)
    most.pagesTooMany = Math.max(most.pagesTooMany, counts.pages - pagesFor(taken + AHEAD))
  }
  return { taken, ...most }
}

test('s3DeadLetters', { timeout: LONG }, async () => {
  const { counts, client } = s3()
  const letters = s3DeadLetters({ client, bucket: 'b' })
  const pagesFor = (wanted: number) => Math.ceil(wanted / 1_000)
  expect(await listed(letters, counts, pagesFor)).toEqual({ taken: COUNT, ahead: AHEAD - 1, pagesTooMany: 0 })
})

test('dynamodbDeadLetters in a sorted table', { timeout: LONG }, async () => {
  const { counts, client } = dynamodb()
  const letters = dynamodbDeadLetters({
    client,
    table: 't',
    sorted: true,
  })
  // One of each partition at first, and the next one of a partition after its last letter. The first read is that of the table's age.
  const pagesFor = (wanted: number) => 8 + Math.floor(wanted / 100)
  expect(await listed(letters, counts, pagesFor)).toEqual({ taken: COUNT, ahead: AHEAD, pagesTooMany: 0 })
})

test('dynamodbDeadLetters in a table without a sort key holds names, and reads letters as they are asked for', {
  timeout: LONG,
}, async () => {
  const { counts, client } = dynamodb()
  const letters = dynamodbDeadLetters({ client, table: 't' })
  expect(await listed(letters, counts, () => COUNT / 1_000)).toEqual({
    taken: COUNT,
    ahead: AHEAD - 1,
    pagesTooMany: 0,
  })
})
