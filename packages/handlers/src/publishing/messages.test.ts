/** Sinks and publishers on the queues and topics of the embedded spaceship. */

import { SNSClient } from '@aws-sdk/client-sns'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { Unavailable } from '@spaceship/core'
import { deadLettersOutageCases, eventSinkOutageCases } from '@spaceship/core/conformance'
import { memoryDeadLetters } from '@spaceship/core/memory'
import type { DeadLetter, DeadLetters } from '@spaceship/core/ports'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { messagesSuite } from '../../test/messages-suite.ts'
import { snsSink } from '../sns/index.ts'
import { sqsDeadLetters, sqsSink } from '../sqs/index.ts'

let ship: Spaceship
let sqs: SQSClient
let sns: SNSClient
beforeAll(async () => {
  ship = await launch({ emulators })
  sqs = new SQSClient(ship.clientConfig('sqs'))
  sns = new SNSClient(ship.clientConfig('sns'))
})
afterAll(async () => {
  sqs.destroy()
  sns.destroy()
  await ship.close()
})

messagesSuite(() => ({ sqs, sns }))

describe('what is out', () => {
  const lost = { endpoint: 'http://127.0.0.1:1', maxAttempts: 1 }
  const patience = { attempts: 2, random: () => 0 }
  for (const { name, run } of eventSinkOutageCases) {
    test(`sqsSink: ${name}`, async () => {
      const client = new SQSClient({ ...ship.clientConfig('sqs'), ...lost })
      await run(sqsSink({ client, queueUrl: 'http://127.0.0.1:1/000000000000/q', ...patience }))
      client.destroy()
    })
    test(`snsSink: ${name}`, async () => {
      const client = new SNSClient({ ...ship.clientConfig('sns'), ...lost })
      await run(snsSink({ client, topicArn: 'arn:aws:sns:us-east-1:000000000000:t', ...patience }))
      client.destroy()
    })
  }

  for (const { name, run } of deadLettersOutageCases)
    test(`sqsDeadLetters, its store: ${name}`, async () => {
      const out = () => Promise.reject(new Unavailable('store', 'the store is out'))
      const store: DeadLetters = { put: out, get: out, remove: out, list: () => failing(out), check: out }
      const queueUrl = `${ship.endpoints.sqs}/000000000000/announced`
      await run(sqsDeadLetters({ client: sqs, queueUrl, store }))
    })
})

async function* failing(out: () => Promise<never>): AsyncGenerator<never> {
  yield await out()
}

const letter: DeadLetter = {
  ...{ id: 'app/r/x/s/0/1/0', application: 'app', reactor: 'r', route: 'x', lane: '', reason: 'permanent' },
  ...{ detail: 'd', attempts: 1, at: new Date(0), stream: 's', shard: '0', sequence: '1', subSequence: 0 },
  ...{ partitionKey: 'k', data: new Uint8Array([1]) },
}

test('a letter whose notice does not go out is kept, and is announced once it is put again', async () => {
  const name = `announced-${crypto.randomUUID()}`
  const store = memoryDeadLetters()
  const queueUrl = `${ship.endpoints.sqs}/000000000000/${name}`
  const letters = sqsDeadLetters({ client: sqs, queueUrl, store })
  await expect(letters.put(letter)).rejects.toMatchObject({
    code: 'unavailable',
    setup: { reason: 'not-found' },
  })
  expect(await store.get(letter.id)).toEqual(letter)
  await sqs.send(new CreateQueueCommand({ QueueName: name }))
  await letters.put(letter)
  expect(ship.sqs.messages(name)?.map(({ body }) => JSON.parse(body).id)).toEqual([letter.id])
})

test('a letter whose redrive has failed is announced again, also on a FIFO queue', async () => {
  const ids: (string | undefined)[] = []
  // Only `send` is used of a client.
  const client = {
    send: async ({
      input,
    }: {
      input: { Entries: readonly { Id: string; MessageDeduplicationId?: string }[] }
    }) => {
      ids.push(...input.Entries.map((entry) => entry.MessageDeduplicationId))
      return { Successful: input.Entries.map(({ Id }) => ({ Id })) }
    },
  } as unknown as SQSClient
  const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/letters.fifo'
  const letters = sqsDeadLetters({ client, queueUrl, store: memoryDeadLetters() })
  await letters.put(letter)
  await letters.put(letter)
  await letters.put({ ...letter, at: new Date(60_000) })
  expect([ids.length, new Set(ids).size, ids[0] === ids[1]]).toEqual([3, 2, true])
})
