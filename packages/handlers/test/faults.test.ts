/**
 * What becomes of a call whose request or answer is lost on the way, for each adapter over HTTP: it is an outage within the client's own time,
 * and the repeat that follows leaves one effect. Redis and Memcached have theirs beside them.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { SchedulerClient } from '@aws-sdk/client-scheduler'
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn'
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { Client } from '@opensearch-project/opensearch'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { Context, EventMeta } from '@spaceship/core'
import { setUpOf } from '@spaceship/core/adapter'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emulators } from '../../local/test/emulators.ts'
import {
  createStateTable,
  dynamodbDeadLetters,
  dynamodbReferences,
  dynamodbState,
} from '../src/dynamodb/index.ts'
import { kinesisSink } from '../src/kinesis/index.ts'
import { createSearch } from '../src/opensearch/index.ts'
import { s3DeadLetters } from '../src/s3/index.ts'
import { eventBridgeScheduler } from '../src/scheduler/index.ts'
import { createSlack } from '../src/slack/index.ts'
import { snsSink } from '../src/sns/index.ts'
import { sqsSink } from '../src/sqs/index.ts'
import { reminderMachine, stepFunctions } from '../src/step-functions/index.ts'
import { told } from './aborts.ts'
import { type Fault, startProxy, type TcpProxy } from './tcp-proxy.ts'

const FAULTS: readonly Fault[] = ['refused', 'request lost', 'answer lost', 'half', 'garbage', 'silent']

/** Milliseconds that clients wait. */
const PATIENCE = 300

const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/ingress'
const roleArn = 'arn:aws:iam::000000000000:role/target'

let ship: Spaceship
const proxies = new Map<string, TcpProxy>()
const closing: (() => unknown)[] = []
let stateMachineArn = ''

beforeAll(async () => {
  ship = await launch({ emulators, streams: ['ingress'] })
  for (const [name, url] of Object.entries(ship.endpoints))
    proxies.set(name, await startProxy(Number(new URL(url).port)))
  const direct = new DynamoDBClient(ship.clientConfig('dynamodb'))
  await createStateTable({ client: direct, table: 'state', sorted: true })
  direct.destroy()
  const machines = new SFNClient(ship.clientConfig('stepFunctions'))
  const definition = JSON.stringify(reminderMachine({ target: { stream: 'ingress' } }))
  const made = await machines.send(new CreateStateMachineCommand({ name: 'reminders', definition, roleArn }))
  stateMachineArn = made.stateMachineArn ?? ''
  machines.destroy()
  const buckets = new S3Client(ship.clientConfig('s3'))
  await buckets.send(new CreateBucketCommand({ Bucket: 'letters' }))
  buckets.destroy()
  const queues = new SQSClient(ship.clientConfig('sqs'))
  for (const QueueName of ['plain', 'strict.fifo'])
    await queues.send(
      new CreateQueueCommand({
        QueueName,
        ...(QueueName === 'strict.fifo' && { Attributes: { FifoQueue: 'true' } }),
      }),
    )
  queues.destroy()
  const topics = new SNSClient(ship.clientConfig('sns'))
  await topics.send(new CreateTopicCommand({ Name: 'facts' }))
  topics.destroy()
})
afterAll(async () => {
  for (const close of closing) await close()
  for (const proxy of proxies.values()) await proxy.close()
  await ship.close()
})

type Service = Parameters<Spaceship['clientConfig']>[0]

/** Through the proxy, once, and with little patience. */
const throughProxy = (service: Service) => ({
  ...ship.clientConfig(service),
  endpoint: `http://127.0.0.1:${proxies.get(service)?.port}`,
  maxAttempts: 1,
  requestHandler: new NodeHttpHandler({
    requestTimeout: PATIENCE,
    throwOnRequestTimeout: true,
    connectionTimeout: PATIENCE,
  }),
})
const kept = <T extends { destroy(): void }>(client: T): T => {
  closing.push(() => client.destroy())
  return client
}
const letter = (id: string) => ({
  ...{
    id: `app/r/x/${id}`,
    application: id,
    reactor: 'r',
    route: 'x',
    lane: '',
    reason: 'permanent' as const,
  },
  ...{ detail: 'd', attempts: 1, at: new Date(0), stream: 's', shard: '0', sequence: '1', subSequence: 0 },
  ...{ partitionKey: 'k', data: new Uint8Array([1]) },
})
const count = async (all: AsyncIterable<unknown>) => {
  let found = 0
  for await (const _ of all) found += 1
  return found
}

interface Subject {
  readonly proxy: string
  readonly call: (id: string) => Promise<unknown>
  /** How often it has happened. */
  readonly effects: (id: string) => Promise<number>
  /** At most, after one call under a fault and one that was answered. @default 1 */
  readonly most?: number
}

const subjects: Readonly<Record<string, () => Subject>> = {
  'dynamodb state': () => {
    const client = kept(new DynamoDBClient(throughProxy('dynamodb')))
    const state = dynamodbState({ client, table: 'state', sorted: true })
    return {
      proxy: 'dynamodb',
      call: (id) => state.set(id, { n: 1 }, { expect: undefined }),
      effects: async (id) => Number((await state.get(id))?.value.n ?? 0),
    }
  },
  'dynamodb dead letters': () => {
    const client = kept(new DynamoDBClient(throughProxy('dynamodb')))
    const letters = dynamodbDeadLetters({ client, table: 'state', sorted: true })
    return {
      proxy: 'dynamodb',
      call: (id) => letters.put(letter(id)),
      effects: (id) => count(letters.list(id)),
    }
  },
  'dynamodb references': () => {
    const client = kept(new DynamoDBClient(throughProxy('dynamodb')))
    const references = dynamodbReferences({ client, table: 'state', sorted: true })
    return {
      proxy: 'dynamodb',
      call: (id) => references.add(id, 'mine', 60_000),
      effects: async (id) => ((await references.get(id)) === 'mine' ? 1 : 0),
    }
  },
  's3 dead letters': () => {
    const client = kept(new S3Client(throughProxy('s3')))
    const letters = s3DeadLetters({ client, bucket: 'letters' })
    return {
      proxy: 's3',
      call: (id) => letters.put(letter(id)),
      effects: async (id) => ((await letters.get(letter(id).id)) === undefined ? 0 : 1),
    }
  },
  'kinesis sink': () => {
    const client = kept(new KinesisClient(throughProxy('kinesis')))
    const reader = kept(new KinesisClient(ship.clientConfig('kinesis')))
    const sink = kinesisSink({ client, stream: 'ingress', attempts: 1, random: () => 0 })
    return {
      proxy: 'kinesis',
      call: (id) => sink.put([{ partitionKey: id, data: new Uint8Array([1]) }]),
      effects: async (id) => {
        const at = {
          StreamName: 'ingress',
          ShardId: 'shardId-000000000000',
          ShardIteratorType: 'TRIM_HORIZON',
        } as const
        const { ShardIterator } = await reader.send(new GetShardIteratorCommand(at))
        const { Records = [] } = await reader.send(new GetRecordsCommand({ ShardIterator }))
        return Records.filter(({ PartitionKey }) => PartitionKey === id).length
      },
      // A record may be put twice.
      most: 2,
    }
  },
  'sqs sink': () => messagesTo('plain', 2),
  // A repeat is told by the event's identity.
  'sqs sink, FIFO': () => messagesTo('strict.fifo', 1),
  'sns sink': () => {
    const client = kept(new SNSClient(throughProxy('sns')))
    const topicArn = 'arn:aws:sns:us-east-1:000000000000:facts'
    const sink = snsSink({ client, topicArn, attempts: 1, random: () => 0 })
    return {
      proxy: 'sns',
      call: (id) => sink.put([{ partitionKey: id, data: Buffer.from(id), id }]),
      effects: async (id) => ship.sns.messages.filter(({ text }) => text === id).length,
      most: 2,
    }
  },
  'eventbridge scheduler': () => {
    const client = kept(new SchedulerClient(throughProxy('scheduler')))
    const scheduler = eventBridgeScheduler({ client, streamArn, roleArn })
    return {
      proxy: 'scheduler',
      call: (id) =>
        scheduler.start({
          name: id,
          dueAt: new Date(Date.now() + 3_600_000),
          envelope: '{}',
          partitionKey: 'k',
        }),
      effects: async (id) => ((await scheduler.find?.(id)) === 'waiting' ? 1 : 0),
    }
  },
  'step functions': () => {
    const client = kept(new SFNClient(throughProxy('stepFunctions')))
    const scheduler = stepFunctions({ client, stateMachineArn })
    const dueAt = new Date(Date.now() + 3_600_000)
    return {
      proxy: 'stepFunctions',
      call: (id) => scheduler.start({ name: id, dueAt, envelope: '{}', partitionKey: 'k' }),
      effects: async (id) => ship.stepFunctions.running.filter(({ name }) => name === id).length,
    }
  },
  opensearch: () => {
    const client = new Client({
      node: `http://127.0.0.1:${proxies.get('search')?.port}`,
      requestTimeout: PATIENCE,
    })
    closing.push(() => client.close())
    const search = createSearch({ client })
    const index = search.index({ index: 'docs', id: (e: EventMeta) => e.key, document: () => ({ n: 1 }) })
    return {
      proxy: 'search',
      call: async (id) =>
        // Of the event these are used, and of the context the signal.
        index(
          { key: id, version: { min: 5, max: 5 } } as EventMeta,
          { signal: new AbortController().signal } as Context,
        ),
      effects: async (id) => (await search.count('docs', { ids: { values: [id] } })).total,
    }
  },
  slack: () => {
    const slack = createSlack({
      token: 'xoxb-1',
      apiUrl: `http://127.0.0.1:${proxies.get('slack')?.port}/api`,
      timeout: `${PATIENCE}ms`,
      rate: '10000/s',
    })
    return {
      proxy: 'slack',
      call: (id) => slack.post({ channel: '#a', text: id }),
      effects: async (id) => ship.slack.messages.filter(({ text }) => text === id).length,
      // Slack knows no repeats: `claim` and `onAmbiguous` are for that.
      most: 2,
    }
  },
}

function messagesTo(queue: string, most: number): Subject {
  const client = kept(new SQSClient(throughProxy('sqs')))
  const queueUrl = `http://127.0.0.1:${proxies.get('sqs')?.port}/000000000000/${queue}`
  const sink = sqsSink({ client, queueUrl, attempts: 1, random: () => 0 })
  return {
    proxy: 'sqs',
    call: (id) => sink.put([{ partitionKey: id, data: Buffer.from(id), id }]),
    effects: async (id) => (ship.sqs.messages(queue) ?? []).filter(({ body }) => body === id).length,
    most,
  }
}

describe.each(Object.entries(subjects))('%s', (_, make) => {
  test.each(FAULTS)('%s', async (fault) => {
    const { proxy: name, call, effects, most = 1 } = make()
    const proxy = proxies.get(name)
    if (proxy === undefined) throw new Error(`there is no proxy before '${name}'`)
    const id = `f${crypto.randomUUID().replaceAll('-', '')}`
    proxy.fault = fault
    const error = await told(call(id))
    proxy.fault = 'pass'
    expect(error).toMatchObject({ code: 'unavailable' })
    // Bytes that are no answer may mean that something else listens there: somebody has to look.
    if (fault !== 'garbage' && fault !== 'half') expect(setUpOf(error)).toBeUndefined()
    await call(id)
    const happened = await effects(id)
    expect([happened >= 1, happened <= most, happened]).toEqual([true, true, happened])
  })
})
