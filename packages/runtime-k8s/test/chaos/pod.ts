/**
 * One worker process of a chaos run. It writes each effect into a file of its own, one line at a time, before the handler returns: what a killed process
 * has written stays.
 */

import { appendFileSync } from 'node:fs'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { entity, reactor } from '@spaceship/core'
import * as z from 'zod'
import { worker } from '../../src/index.ts'
import { STANDSTILL } from './law.ts'
import { machineTime } from './time.ts'

const [kinesisUrl = '', dynamodbUrl = '', file = '', failover = '', table = '', stream = '', layout] =
  process.argv.slice(2)
const config = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 2,
}
// With time-outs of their own, as a user's clients should have: a black hole answers nothing.
const patience = { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true }
const kinesis = new KinesisClient({
  ...config,
  endpoint: kinesisUrl,
  requestHandler: new NodeHttpHandler(patience),
})
const dynamodb = new DynamoDBClient({
  ...config,
  endpoint: dynamodbUrl,
  requestHandler: new NodeHttpHandler(patience),
})

const Item = entity('item', {
  table: 'items',
  key: 'id',
  schema: z.object({ id: z.string(), n: z.number() }),
})

const ledger = reactor('ledger', { retry: { attempts: 1_000, base: '50ms', max: '1s' } }).on(
  'note',
  Item.saved('item.saved'),
  (e) => appendFileSync(file, `${e.after.id} ${e.after.n} ${machineTime()}\n`),
)

const pod = worker([ledger], {
  application: 'chaos',
  streams: [stream],
  kinesis,
  dynamodb,
  create: true,
  leases: {
    table,
    failover: `${Number(failover)}ms`,
    maxStandstill: `${STANDSTILL * Number(failover)}ms`,
    // With a layout, beside workers of KCL.
    ...(layout !== undefined && {
      migrate: true,
      layout: layout === 'single-stream' ? layout : 'multi-stream',
    }),
  },
  poll: { interval: '200ms' },
  shardSync: '2s',
  drainTimeout: '5s',
  logger: { level: 'error' },
})
await pod.run()
