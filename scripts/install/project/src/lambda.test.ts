import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import type { lambda } from '@spaceship/runtime-lambda'
import type { Context, KinesisStreamEvent } from 'aws-lambda'
import { handler, said } from './lambda.js'

const change = {
  eventID: '1',
  eventName: 'INSERT',
  tableName: 'clients',
  dynamodb: {
    ApproximateCreationDateTime: 1_795_000_000_000,
    Keys: { id: { S: 'acme' } },
    NewImage: { id: { S: 'acme' }, name: { S: 'Acme' }, plan: { S: 'trial' } },
    SizeBytes: 50,
  },
  eventSource: 'aws:dynamodb',
}
const event: KinesisStreamEvent = {
  Records: [
    {
      awsRegion: 'eu-west-1',
      eventID: 'shardId-000000000000:49590338271490256608559692538361571095921575989136588898',
      eventName: 'aws:kinesis:record',
      eventSource: 'aws:kinesis',
      eventSourceARN: 'arn:aws:kinesis:eu-west-1:123456789012:stream/clients-cdc',
      eventVersion: '1.0',
      invokeIdentityArn: 'arn:aws:iam::123456789012:role/greeter',
      kinesis: {
        approximateArrivalTimestamp: 1_795_000_000,
        data: Buffer.from(JSON.stringify(change)).toString('base64'),
        kinesisSchemaVersion: '1.0',
        partitionKey: 'acme',
        sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
      },
    },
  ],
}
// What of a context Spaceship reads.
const context = { awsRequestId: 'r-1', getRemainingTimeInMillis: () => 10_000 } as Context

test('a Lambda invocation greets', async () => {
  assert.deepEqual(await handler(event, context, () => {}), { batchItemFailures: [] })
  assert.deepEqual(said, ['hello Acme'])
})

test('a function in CommonJS does the same', async () => {
  const require = createRequire(import.meta.url)
  const core: typeof import('@spaceship/core') = require('@spaceship/core')
  const runtime: { lambda: typeof lambda } = require('@spaceship/runtime-lambda')
  const keys: string[] = []
  const schema = (await import('./greeter.js')).Client.spec.schema
  const Client = core.entity('client', { table: 'clients', key: 'id', schema } as never)
  const reactor = core
    .reactor('greeter')
    .on('greet', Client.created('client.joined'), (e) => keys.push(e.key))
  const options = { application: 'greeter', state: memoryState(), deadLetters: memoryDeadLetters() }
  await runtime.lambda(reactor, options)(event, context)
  assert.deepEqual(keys, ['acme'])
})
