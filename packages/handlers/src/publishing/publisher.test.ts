import type { SNSClient } from '@aws-sdk/client-sns'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { entity, event, reactor } from '@spaceship/core'
import { createEngine } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryEvents, memoryState, virtualClock } from '@spaceship/core/memory'
import type { EventSink, OutgoingRecord, TraceContext } from '@spaceship/core/ports'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { snsSink } from '../sns/index.ts'
import { sqsPublisher, sqsSink } from '../sqs/index.ts'
import { publisherOn } from './publisher.ts'
import { textOf } from './text.ts'

const paid = event('invoice.paid', { schema: z.object({ id: z.string() }), key: (e) => e.id })
const TRACE = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' }
const OTHER = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-0000000000000001-00' }
const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders'

interface Sent {
  readonly Id: string
  readonly MessageBody: string
  readonly MessageGroupId?: string
  readonly MessageDeduplicationId?: string
}

interface Message {
  readonly Id: string
  readonly MessageAttributes: Readonly<Record<string, { readonly StringValue: string }>>
}

/** Of a client `send` alone is used. */
function sqsOf(answer: (entries: readonly Sent[]) => object | Promise<object>) {
  const requests: (readonly Sent[])[] = []
  const client = {
    destroyed: 0,
    send: async ({ input }: { input: { Entries: readonly Sent[] } }) => {
      requests.push(input.Entries)
      return answer(input.Entries)
    },
    destroy() {
      this.destroyed += 1
    },
  }
  return { requests, client, sqs: client as unknown as SQSClient }
}
const taken = (entries: readonly Sent[]) => ({ Successful: entries.map(({ Id }) => ({ Id })), Failed: [] })
const cloudEvent = ({ data }: Pick<OutgoingRecord, 'data'>) => JSON.parse(Buffer.from(data).toString())

test('closing waits for what is on its way, and what comes later is refused', async () => {
  const records: OutgoingRecord[] = []
  let answer = () => {}
  const sink: EventSink = {
    put: (given) =>
      new Promise((resolve) => {
        answer = () => {
          records.push(...given)
          resolve()
        }
      }),
  }
  const released: string[] = []
  const publish = publisherOn(sink, 'billing', () => void released.push('released'))
  const sending = publish(paid, { id: 'a' })
  const closing = publish.close()
  await expect(publish(paid, { id: 'b' })).rejects.toMatchObject({ code: 'publisher-closed' })
  await new Promise(setImmediate)
  expect(released).toEqual([])
  answer()
  await Promise.all([sending, closing, publish.close()])
  expect([records.map(({ partitionKey }) => partitionKey), released]).toEqual([['a'], ['released']])
})

test('nothing is dropped by its age: what waits for hours is sent in its turn, and closing waits for it', async () => {
  const clock = virtualClock(0)
  const refused = 7
  const { sqs, requests } = sqsOf((entries) => {
    if (requests.length > refused) return taken(entries)
    return { Failed: entries.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })) }
  })
  // Each round comes an hour after the one before.
  const slow = { ...clock, sleep: (_: number, signal?: AbortSignal) => clock.sleep(3_600_000, signal) }
  const sink = sqsSink({ client: sqs, queueUrl: `${queueUrl}.fifo`, clock: slow, attempts: refused + 1 })
  const publish = publisherOn(sink, 'billing', () => {})
  const sending = Promise.all(['a', 'a', 'b'].map((id) => publish(paid, { id })))
  let closed = false
  const closing = publish.close().then(() => {
    closed = true
  })
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  await turn()
  for (let hours = 1; hours <= refused; hours += 1) {
    expect(closed).toBe(false)
    await clock.moveTo(hours * 3_600_000, turn)
  }
  await Promise.all([sending, closing])
  const accepted = requests.slice(refused).flat()
  expect(accepted.map(({ MessageGroupId }) => MessageGroupId)).toEqual(['a', 'b', 'a'])
})

test('a publication that fails is told to its publisher, and keeps nobody from closing; a client that was given stays', async () => {
  const { client, sqs } = sqsOf(() =>
    Promise.reject(Object.assign(new Error('no'), { name: 'AccessDenied' })),
  )
  const publish = sqsPublisher({ client: sqs, queueUrl })
  const failing = expect(publish(paid, { id: 'a' })).rejects.toMatchObject({ setup: { reason: 'denied' } })
  await publish.close()
  await failing
  expect(client.destroyed).toBe(0)
})

test('a signal ends the wait of a publication', async () => {
  const { sqs } = sqsOf(() => new Promise(() => {}))
  const stop = new AbortController()
  const publishing = sqsPublisher({ client: sqs, queueUrl })(paid, { id: 'a' }, { signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(publishing).rejects.toThrow('enough')
})

test('an event carries the trace that its publisher names; what is no trace is left out, and keeps no event back', async () => {
  const wrong: readonly unknown[] = [
    { traceparent: 'x' },
    'x',
    null,
    { traceparent: `${TRACE.traceparent}\n` },
  ]
  // The type refuses these; a program in JavaScript is not checked.
  const traces = wrong.map((each) => () => each as TraceContext)
  traces.push(() => {
    throw new Error('no tracer')
  })
  for (const trace of traces) {
    const { sqs, requests } = sqsOf(taken)
    await sqsPublisher({ client: sqs, queueUrl, trace })(paid, { id: 'a' })
    expect(requests[0]?.[0]?.MessageBody).not.toContain('trace')
  }
  const { sqs, requests } = sqsOf(taken)
  const publish = sqsPublisher({ client: sqs, queueUrl, trace: () => TRACE })
  await publish(paid, { id: 'a' })
  await publish(paid, { id: 'a' }, { trace: OTHER })
  expect(requests.flat().map(({ MessageBody }) => JSON.parse(MessageBody))).toMatchObject([TRACE, OTHER])
})

test('a handler sees the trace of what was published, and what it publishes goes on with it, or with that of its sink', async () => {
  const seen: unknown[] = []
  const made = reactor('r').on('forward', paid, async (e, { publish }) => {
    seen.push(e.trace)
    await publish(paid, { id: `${e.payload.id}!` })
  })
  for (const trace of [undefined, () => OTHER]) {
    const sent: OutgoingRecord[] = []
    const events: EventSink = { ...memoryEvents((record) => void sent.push(record)), ...(trace && { trace }) }
    const engine = createEngine({
      ...{
        application: 'app',
        reactors: [made],
        state: memoryState(),
        deadLetters: memoryDeadLetters(),
        events,
      },
    })
    const delivery = await engine.open({ stream: 's', shard: '0', redelivers: 'none' })
    const publish = publisherOn({ put: async (all) => void sent.push(...all) }, 'billing', () => {})
    await publish(paid, { id: 'a' }, { trace: TRACE })
    const [first] = sent
    if (first === undefined) throw new Error('nothing was published')
    await delivery.push([{ ...first, sequence: '1', subSequence: 0, arrivedAt: new Date() }])
    await delivery.settle(new Date(Date.now() + 10_000))
    expect(cloudEvent(sent[1] ?? first)).toMatchObject({ ...(trace?.() ?? TRACE), data: { id: 'a!' } })
  }
  expect(seen).toEqual([TRACE, TRACE])
})

test('sizes are counted before anything is sent: six events of 200 KB go in two requests, and one that is too large fails alone', async () => {
  const { sqs, requests } = sqsOf(taken)
  const sink = sqsSink({ client: sqs, queueUrl })
  const record = (size: number) => ({ partitionKey: 'k', data: Buffer.alloc(size, 'x') })
  const [refused, ...others] = await Promise.allSettled([
    sink.put([record(1_048_577)]),
    ...Array.from({ length: 6 }, () => sink.put([record(200_000)])),
  ])
  expect(refused).toMatchObject({
    reason: { code: 'permanent', message: expect.stringContaining("queue 'orders'") },
  })
  expect(new Set(others.map(({ status }) => status))).toEqual(new Set(['fulfilled']))
  // The first request left before the others came.
  expect(requests.map((entries) => entries.length)).toEqual([1, 5])
})

test('a message that is refused fails alone and for good; its neighbours go out, and a later one of its group after it', async () => {
  const order: string[] = []
  let throttled = true
  const { sqs } = sqsOf((entries) => {
    const failed = (Code: string, SenderFault: boolean) => (entry: Sent) => ({
      Id: entry.Id,
      Code,
      SenderFault,
    })
    const poison = entries.filter(({ MessageBody }) => MessageBody === 'poison')
    const late = throttled ? entries.filter(({ MessageBody }) => MessageBody === 'a1') : []
    if (late.length > 0) throttled = false
    const good = entries.filter((entry) => !poison.includes(entry) && !late.includes(entry))
    order.push(...good.map(({ MessageBody }) => MessageBody))
    return {
      Successful: good.map(({ Id }) => ({ Id })),
      Failed: [
        ...poison.map(failed('SomethingNobodyKnows', true)),
        ...late.map(failed('InternalError', false)),
      ],
    }
  })
  const sink = sqsSink({ client: sqs, queueUrl: `${queueUrl}.fifo`, random: () => 0 })
  const put = (text: string, partitionKey = text.slice(0, 1)) =>
    sink.put([{ partitionKey, data: Buffer.from(text) }])
  const results = await Promise.allSettled([
    ...['a1', 'a2', 'b1'].map((text) => put(text)),
    put('poison', 'c'),
    put('c2'),
  ])
  expect(results.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  ])
  expect(results[3]).toMatchObject({ reason: { code: 'permanent' } })
  expect(order.filter((text) => text.startsWith('a'))).toEqual(['a1', 'a2'])
  expect(order.toSorted()).toEqual(['a1', 'a2', 'b1', 'c2'])
})

test('an answer that leaves a message out is none, and an answer that is lost sends the same message again', async () => {
  const { sqs: foreign } = sqsOf(() => ({}))
  await expect(
    sqsSink({ client: foreign, queueUrl }).put([{ partitionKey: 'k', data: Buffer.from('x') }]),
  ).rejects.toMatchObject({ code: 'unavailable', setup: { reason: 'unknown-operation' } })
  let lost = true
  const { sqs, requests } = sqsOf((entries) => {
    if (!lost) return taken(entries)
    lost = false
    throw Object.assign(new Error('hang up'), { code: 'ECONNRESET' })
  })
  const sink = sqsSink({ client: sqs, queueUrl: `${queueUrl}.fifo`, random: () => 0 })
  await sink.put([{ partitionKey: 'k', data: Buffer.from('x') }])
  const ids = requests.flat().map(({ MessageDeduplicationId }) => MessageDeduplicationId)
  expect([ids.length, new Set(ids).size]).toEqual([2, 1])
})

test('property: what a message carries says the same as the record, in characters that XML holds', () => {
  const held = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]+$/u
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 1 }),
    fc.string({ unit: 'binary', minLength: 1 }).map((text) => new TextEncoder().encode(text)),
  )
  fc.assert(
    fc.property(bytes, (data) => {
      const { text, encoding } = textOf(data)
      expect(text).toMatch(held)
      expect([...Buffer.from(text, encoding ?? 'utf8')]).toEqual([...data])
    }),
  )
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
      const { text, encoding } = textOf(new TextEncoder().encode(json))
      expect(text).toMatch(held)
      if (encoding === undefined) expect(JSON.parse(text)).toEqual(JSON.parse(json))
    }),
  )
})

test.each(['a\tb', 'a\nb', 'a\r', '\u007f', 'a\u0085b', '\ufffe', ''])(
  'a key that no attribute carries goes as its digest, so that its message is delivered: %j',
  async (partitionKey) => {
    const sent: string[] = []
    const client = {
      send: async ({ input }: { input: Record<string, readonly Message[]> }) => {
        const entries = input.Entries ?? input.PublishBatchRequestEntries ?? []
        for (const { MessageAttributes } of entries)
          sent.push(MessageAttributes.partitionKey?.StringValue ?? '')
        return { Successful: entries.map(({ Id }) => ({ Id })) }
      },
    }
    // Of a client `send` alone is used.
    const sqs = sqsSink({ client: client as unknown as SQSClient, queueUrl })
    const sns = snsSink({
      client: client as unknown as SNSClient,
      topicArn: 'arn:aws:sns:eu-west-1:123456789012:t',
    })
    for (const sink of [sqs, sns]) await sink.put([{ partitionKey, data: Buffer.from('x') }])
    expect(sent).toEqual([expect.stringMatching(/^sha256-[\da-f]{64}$/), sent[0]])
  },
)

test('a reactor on an entity publishes through a queue like through a stream', async () => {
  const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string() }) })
  const { sqs, requests } = sqsOf(taken)
  const events = sqsSink({ client: sqs, queueUrl: `${queueUrl}.fifo` })
  const made = reactor('r').on('tell', Client.saved('client.saved'), (e, { publish }) =>
    publish(paid, { id: e.after.id }),
  )
  const engine = createEngine({
    ...{
      application: 'app',
      reactors: [made],
      state: memoryState(),
      deadLetters: memoryDeadLetters(),
      events,
    },
  })
  const delivery = await engine.open({ stream: 's', shard: '0', redelivers: 'none' })
  const change = {
    ...{ eventID: 'e', eventName: 'INSERT', tableName: 'clients', eventSource: 'aws:dynamodb' },
    dynamodb: {
      ApproximateCreationDateTime: 1,
      Keys: { id: { S: 'a' } },
      NewImage: { id: { S: 'a' } },
      SizeBytes: 1,
    },
  }
  const record = {
    ...{ sequence: '1', subSequence: 0, partitionKey: 'a', arrivedAt: new Date() },
    data: Buffer.from(JSON.stringify(change)),
  }
  await delivery.push([record])
  await delivery.settle(new Date(Date.now() + 10_000))
  expect(requests.flat()).toMatchObject([{ MessageGroupId: 'a' }])
})
