/** What the SDK makes of an answer that AWS did not write, and what the adapters make of that. */

import { createServer, type Server } from 'node:http'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { SchedulerClient } from '@aws-sdk/client-scheduler'
import { SFNClient } from '@aws-sdk/client-sfn'
import { SNSClient } from '@aws-sdk/client-sns'
import { SQSClient } from '@aws-sdk/client-sqs'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterEach, expect, test } from 'vitest'
import { dynamodbDeadLetters, dynamodbEntities, dynamodbState } from '../src/dynamodb/index.ts'
import { kinesisSink } from '../src/kinesis/index.ts'
import { eventBridgeScheduler } from '../src/scheduler/index.ts'
import { snsSink } from '../src/sns/index.ts'
import { sqsSink } from '../src/sqs/index.ts'
import { stepFunctions } from '../src/step-functions/index.ts'
import { told } from './aborts.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** Answers every request so, in HTML. */
async function pageOf(status: number): Promise<string> {
  const server = createServer((_, answer) => {
    answer.writeHead(status, { 'content-type': 'text/html', location: 'http://hush.test/' })
    answer.end('<html>hush</html>')
  })
  servers.push(server)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

function callsTo(endpoint: string): Readonly<Record<string, () => Promise<unknown> | undefined>> {
  const config = {
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  }
  const client = new DynamoDBClient(config)
  const letters = dynamodbDeadLetters({ client, table: 'state' })
  const letter = { id: 'l', application: 'a', at: new Date(0), data: new Uint8Array(400_000) } as never
  const scheduler = eventBridgeScheduler({
    client: new SchedulerClient(config),
    streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/ingress',
    roleArn: 'arn:aws:iam::000000000000:role/scheduler',
  })
  const executions = stepFunctions({
    client: new SFNClient(config),
    stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:reminders',
  })
  const records = [{ partitionKey: 'p', data: new Uint8Array([1]) }]
  const impatient = { attempts: 1, random: () => 0 }
  const http1 = new NodeHttpHandler()
  const topicArn = 'arn:aws:sns:us-east-1:000000000000:t'
  return {
    'kinesis put': () =>
      kinesisSink({
        client: new KinesisClient({ ...config, requestHandler: http1 }),
        ...{ stream: 's', ...impatient },
      }).put(records),
    'sqs put': () =>
      sqsSink({ client: new SQSClient(config), queueUrl: `${endpoint}/1/q`, ...impatient }).put(records),
    'sns put': () => snsSink({ client: new SNSClient(config), topicArn, ...impatient }).put(records),
    'state get': () => dynamodbState({ client, table: 'state' }).get('k'),
    'state set': () => dynamodbState({ client, table: 'state' }).set('k', {}, { expect: undefined }),
    'state check': () => dynamodbState({ client, table: 'state' }).check?.(),
    'letters put': () => letters.put(letter),
    'letters get': () => letters.get('l'),
    'letters remove': () => letters.remove('l'),
    'letters list': () => letters.list('a')[Symbol.asyncIterator]().next(),
    'letters check': () => letters.check?.(),
    'entities read': () => dynamodbEntities({ client }).read('clients', { id: 'a' }),
    'entities check': () => dynamodbEntities({ client }).check?.([{ table: 'clients', key: ['id'] }]),
    // The SDK does not read what answers a DeleteSchedule.
    'scheduler start': () =>
      scheduler.start({ name: 'n', dueAt: new Date(0), envelope: '{}', partitionKey: 'p' }),
    'step functions start': () =>
      executions.start({ name: 'n', dueAt: new Date(0), envelope: '{}', partitionKey: 'p' }),
    'step functions stop': () => executions.stop('n'),
    'step functions find': () => executions.find?.('n'),
    'step functions check': () => executions.check?.(),
  }
}

test.each([200, 301, 302, 308, 400, 403, 404, 405])(
  'a page of HTML, %i, is a set-up that quotes nothing',
  async (status) => {
    for (const [name, call] of Object.entries(callsTo(await pageOf(status)))) {
      const error = await told(call() ?? Promise.resolve())
      expect([name, error]).toMatchObject([
        name,
        {
          code: 'unavailable',
          setup: { reason: 'unknown-operation', advice: expect.stringContaining('endpoint') },
        },
      ])
      expect(String(error)).toMatch(`(${status})`)
      expect(String(error)).not.toMatch(/hush|html/)
    }
  },
)

test('the page of a gateway in front of a service that is down is an outage', async () => {
  for (const [name, call] of Object.entries(callsTo(await pageOf(503)))) {
    const error = await told(call() ?? Promise.resolve())
    expect([name, error]).toMatchObject([name, { code: 'unavailable', setup: undefined }])
    expect(String(error)).toMatch('503')
  }
})

test('an answer in JSON that breaks off is an outage: nobody else would have begun it', async () => {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' })
    answer.end('{"hush":{"S":"hush')
  })
  servers.push(server)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const address = server.address()
  const calls = callsTo(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
  for (const [name, call] of Object.entries(calls)) {
    // SNS speaks XML.
    if (name === 'sns put') continue
    const error = await told(call() ?? Promise.resolve())
    expect([name, error]).toMatchObject([name, { code: 'unavailable', setup: undefined }])
    expect(String(error)).not.toMatch(/hush/)
  }
})

test('a connection that is reset in mid-answer is an outage, whatever its status says', async () => {
  for (const status of [200, 400]) {
    const server = createServer((request, answer) => {
      // A reset before the request was read is another case.
      request.resume().on('end', () => {
        answer.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': '100' })
        answer.write('{"hush":', () => answer.destroy())
      })
    })
    servers.push(server)
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    const address = server.address()
    const calls = callsTo(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
    for (const [name, call] of Object.entries(calls)) {
      const error = await told(call() ?? Promise.resolve())
      expect([status, name, error]).toMatchObject([status, name, { code: 'unavailable', setup: undefined }])
    }
  }
})
