import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { dynamodbDeadLetters } from './index.ts'

type Row = Readonly<Record<string, { readonly S?: string; readonly B?: Uint8Array; readonly N?: string }>>

/** A table that takes so many items before it is throttled, until it is rested. */
function narrowTable(takes: number) {
  const items = new Map<string, Row>()
  let left = takes
  let writes = 0
  const send = async ({ input }: { readonly input: Record<string, unknown> }) => {
    const row = (input.Item ?? input.Key) as Row
    const key = row.key?.S ?? ''
    if (input.Item === undefined) {
      const Item = items.get(key)
      if (input.ReturnValues === undefined) return { Item }
      items.delete(key)
      return { Attributes: Item }
    }
    if (left === 0)
      throw Object.assign(new Error('slow down'), { name: 'ProvisionedThroughputExceededException' })
    left -= 1
    if (input.ConditionExpression !== undefined && items.has(key))
      throw Object.assign(new Error('no'), { name: 'ConditionalCheckFailedException' })
    writes += 1
    items.set(key, row)
    return {}
  }
  const rest = () => {
    left = takes
  }
  // The adapter asks a client nothing but to send.
  return { client: { send } as unknown as DynamoDBClient, items, rest, writes: () => writes }
}

const letter = (data: Uint8Array) => ({
  ...{ id: 'app/r/x/s/0/1/0', application: 'app', reactor: 'r', route: 'x', lane: '', detail: 'd' },
  ...{ reason: 'permanent' as const, attempts: 1, at: new Date(0), stream: 's', shard: '0', sequence: '1' },
  ...{ subSequence: 0, partitionKey: 'k', data },
})

const BYTES = 3_000_000
const PARTS = 9

test('a large letter is stored by a table that takes a few of its parts at a time, and each part is written once', async () => {
  const { client, items, rest, writes } = narrowTable(2)
  const letters = dynamodbDeadLetters({ client, table: 't' })
  const data = new Uint8Array(BYTES).map((_, n) => n % 251)
  let tries = 0
  for (let isKept = false; !isKept && tries < 50; tries += 1) {
    isKept = await letters.put(letter(data)).then(
      () => true,
      () => false,
    )
    rest()
  }
  expect([tries, writes(), items.size]).toEqual([5, PARTS + 1, PARTS + 1])
  expect((await letters.get('app/r/x/s/0/1/0'))?.data).toEqual(data)
  await letters.remove('app/r/x/s/0/1/0')
  expect(items.size).toBe(0)
})

test('a letter whose header was put with its answer lost, and which somebody else has removed, is put whole again', async () => {
  const { client, items } = narrowTable(100)
  const { send } = client as unknown as {
    send: (command: { input: Record<string, unknown> }) => Promise<unknown>
  }
  let loses = true
  const losing = {
    send: async (command: { input: Record<string, unknown> }) => {
      const answer = await send(command)
      if (!loses || command.input.ConditionExpression === undefined) return answer
      loses = false
      throw Object.assign(new Error('the answer was lost'), { name: 'TimeoutError' })
    },
  } as unknown as DynamoDBClient // as above
  const letters = dynamodbDeadLetters({ client: losing, table: 't' })
  const data = new Uint8Array(700_000).fill(3)
  await expect(letters.put(letter(data))).rejects.toMatchObject({ code: 'unavailable' })
  await dynamodbDeadLetters({ client, table: 't' }).remove('app/r/x/s/0/1/0')
  expect(items.size).toBe(0)
  await letters.put(letter(data))
  expect((await letters.get('app/r/x/s/0/1/0'))?.data).toEqual(data)
})

test('other bytes under the same id, and a second put of the same ones at the same time, mix nothing', async () => {
  const { client, items, rest } = narrowTable(4)
  const letters = dynamodbDeadLetters({ client, table: 't' })
  await expect(letters.put(letter(new Uint8Array(BYTES).fill(1)))).rejects.toMatchObject({
    code: 'unavailable',
  })
  rest()
  const data = new Uint8Array(700_000).fill(2)
  await letters.put(letter(data))
  expect((await letters.get('app/r/x/s/0/1/0'))?.data).toEqual(data)
  await letters.remove('app/r/x/s/0/1/0')
  const wide = narrowTable(100)
  const others = dynamodbDeadLetters({ client: wide.client, table: 't' })
  await Promise.all([others.put(letter(data)), others.put(letter(data))])
  expect((await others.get('app/r/x/s/0/1/0'))?.data).toEqual(data)
  expect(wide.items.size).toBe(3)
  expect(items.size, 'parts of the first bytes, which nobody has put again').toBe(4)
})
