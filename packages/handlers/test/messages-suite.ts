/** Owns what every SQS, and every SNS in front of one, must let our sinks and publishers do. */

import { CreateTopicCommand, type SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { event } from '@spaceship/core'
import { deadLettersCases, eventSinkCases } from '@spaceship/core/conformance'
import { memoryDeadLetters } from '@spaceship/core/memory'
import type { OutgoingRecord } from '@spaceship/core/ports'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { snsPublisher, snsSink } from '../src/sns/index.ts'
import { sqsDeadLetters, sqsPublisher, sqsSink } from '../src/sqs/index.ts'

export interface MessageServer {
  readonly sqs: SQSClient
  readonly sns: SNSClient
}

/** What this server does not do, by the name of the case, and why. */
export type Lacks = Readonly<Record<string, string>>

const paid = event('invoice.paid', {
  schema: z.object({ clientId: z.string(), note: z.string() }),
  key: (e) => e.clientId,
})

export function messagesSuite(server: () => MessageServer, lacks: Lacks = {}): void {
  const it = (name: string, run: () => Promise<void>) => {
    const why = lacks[name]
    if (why === undefined) test(name, run)
    else test.skip(`${name} (${why})`, () => {})
  }
  const queue = async (fifo = true) => {
    const QueueName = `q-${crypto.randomUUID()}${fifo ? '.fifo' : ''}`
    const Attributes = fifo ? { FifoQueue: 'true' } : {}
    const { QueueUrl = '' } = await server().sqs.send(new CreateQueueCommand({ QueueName, Attributes }))
    return QueueUrl
  }
  /** A FIFO topic, and the queue that gets what is published on it. */
  const topic = async () => {
    const { sns, sqs } = server()
    const queueUrl = await queue()
    const asked = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] })
    const { Attributes } = await sqs.send(asked)
    const made = await sns.send(
      new CreateTopicCommand({ Name: `t-${crypto.randomUUID()}.fifo`, Attributes: { FifoTopic: 'true' } }),
    )
    const topicArn = made.TopicArn ?? ''
    const subscription = { RawMessageDelivery: 'true' }
    await sns.send(
      new SubscribeCommand({
        ...{ TopicArn: topicArn, Protocol: 'sqs', Endpoint: Attributes?.QueueArn },
        Attributes: subscription,
      }),
    )
    return { topicArn, queueUrl }
  }
  const receivedFrom = (queueUrl: string) => {
    const all: OutgoingRecord[] = []
    return async () => {
      for (
        let found = await take(server().sqs, queueUrl);
        found.length > 0;
        found = await take(server().sqs, queueUrl)
      )
        all.push(...found)
      return all
    }
  }

  describe('sqsSink', () => {
    for (const { name, run } of eventSinkCases)
      it(name, async () => {
        const queueUrl = await queue()
        const sink = sqsSink({ client: server().sqs, queueUrl })
        await run({ sink, received: receivedFrom(queueUrl), largest: 700_000, many: 60 })
      })

    it('a standard queue takes events, too, ten in a request whatever their keys', async () => {
      const queueUrl = await queue(false)
      const { sqs: client } = server()
      const publish = sqsPublisher({ client, queueUrl, source: 'billing' })
      const ids = Array.from({ length: 25 }, (_, n) => `i-${n}`)
      await Promise.all(ids.map((id) => publish(paid, { clientId: 'acme', note: 'n' }, { id })))
      await publish.close()
      const all = await receivedFrom(queueUrl)()
      const found = all.map(({ data }) => JSON.parse(Buffer.from(data).toString()).id)
      expect(found.sort()).toEqual(ids.sort())
    })
  })

  describe('snsSink', () => {
    for (const { name, run } of eventSinkCases)
      it(name, async () => {
        const { topicArn, queueUrl } = await topic()
        const sink = snsSink({ client: server().sns, topicArn })
        await run({ sink, received: receivedFrom(queueUrl), largest: 180_000, many: 60 })
      })
  })

  describe('sqsDeadLetters', () => {
    for (const { name, run } of deadLettersCases)
      it(name, async () => {
        const queueUrl = await queue(false)
        await run(sqsDeadLetters({ client: server().sqs, queueUrl, store: memoryDeadLetters() }))
      })

    it('a notice names the letter and what failed, and holds nothing of the record', async () => {
      const queueUrl = await queue()
      const letters = sqsDeadLetters({ client: server().sqs, queueUrl, store: memoryDeadLetters() })
      const id = `app/r/welcome/s/0/${crypto.randomUUID()}/0`
      const letter = {
        ...{ id, application: 'app', reactor: 'r', route: 'welcome', reason: 'permanent' as const },
        ...{ detail: 'Error: no', attempts: 3, at: new Date(0), stream: 's', shard: '0', sequence: '1' },
        ...{ subSequence: 0, lane: 'clients/hush', partitionKey: 'hush', data: Buffer.from('hush') },
      }
      await letters.put(letter)
      await letters.put(letter)
      const [notice, ...more] = await receivedFrom(queueUrl)()
      const text = Buffer.from(notice?.data ?? []).toString()
      expect(JSON.parse(text)).toEqual({
        ...{
          id,
          application: 'app',
          reactor: 'r',
          route: 'welcome',
          reason: 'permanent',
          detail: 'Error: no',
        },
        ...{
          attempts: 3,
          at: '1970-01-01T00:00:00.000Z',
          stream: 's',
          shard: '0',
          sequence: '1',
          subSequence: 0,
          bytes: 4,
        },
      })
      expect([text.includes('hush'), notice?.partitionKey, more]).toEqual([false, 'app/r/welcome', []])
    })
  })

  it('an event published twice under one id comes once from a FIFO queue, and from a queue behind a FIFO topic', async () => {
    const { sqs, sns } = server()
    const { topicArn, queueUrl } = await topic()
    const own = await queue()
    for (const [publish, from] of [
      [snsPublisher({ client: sns, topicArn, source: 'billing' }), queueUrl],
      [sqsPublisher({ client: sqs, queueUrl: own, source: 'billing' }), own],
    ] as const) {
      for (const id of ['i-1', 'i-1', 'i-2']) await publish(paid, { clientId: 'acme', note: id }, { id })
      const events = (await receivedFrom(from)()).map(({ data }) => JSON.parse(Buffer.from(data).toString()))
      expect(events).toMatchObject([
        { specversion: '1.0', source: 'billing', type: 'invoice.paid', id: 'i-1', data: { note: 'i-1' } },
        { id: 'i-2' },
      ])
      await publish.close()
    }
  })

  it('what XML does not hold arrives all the same, in the payload and in the key', async () => {
    const { sqs, sns } = server()
    const { topicArn, queueUrl } = await topic()
    const note = 'Zoë \u0001\t\u007f\ufffe\uffff 🚀 \ud800'
    const publish = snsPublisher({ client: sns, topicArn })
    await publish(paid, { clientId: 'a\u0001\ufffe', note })
    const direct = await queue()
    await sqsPublisher({ client: sqs, queueUrl: direct })(paid, { clientId: 'a\u0001\ufffe', note })
    for (const from of [queueUrl, direct]) {
      const [found, ...more] = await receivedFrom(from)()
      expect(more).toEqual([])
      expect(JSON.parse(Buffer.from(found?.data ?? []).toString()).data).toEqual({
        clientId: 'a\u0001\ufffe',
        note,
      })
      expect(found?.partitionKey).toMatch(/^sha256-[\da-f]{64}$/)
    }
  })

  it('a queue and a topic that are not there are a wrong set-up', async () => {
    const { sqs, sns } = server()
    const url = (await queue()).replace(/q-[^/]*$/, 'nowhere.fifo')
    await expect(
      sqsPublisher({ client: sqs, queueUrl: url })(paid, { clientId: 'a', note: '' }),
    ).rejects.toMatchObject({
      code: 'unavailable',
      setup: { reason: 'not-found', resource: "queue 'nowhere.fifo'" },
    })
    const topicArn = (await topic()).topicArn.replace(/t-[^:]*$/, 'nowhere.fifo')
    await expect(
      snsPublisher({ client: sns, topicArn })(paid, { clientId: 'a', note: '' }),
    ).rejects.toMatchObject({
      code: 'unavailable',
      setup: { reason: 'not-found', resource: "topic 'nowhere.fifo'" },
    })
  })
}

/** Some of what lies in a queue, for good. */
async function take(client: SQSClient, QueueUrl: string): Promise<readonly OutgoingRecord[]> {
  const asked = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'], WaitTimeSeconds: 0 }
  const { Messages = [] } = await client.send(new ReceiveMessageCommand(asked))
  if (Messages.length === 0) return []
  const Entries = Messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }))
  await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
  return Messages.map(({ Body = '', MessageAttributes = {} }) => {
    const { partitionKey, contentEncoding } = MessageAttributes
    const data = Buffer.from(Body, contentEncoding?.StringValue === 'base64' ? 'base64' : 'utf8')
    return { partitionKey: partitionKey?.StringValue ?? '', data: new Uint8Array(data) }
  })
}
