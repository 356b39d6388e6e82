import { createServer, type ServerResponse } from 'node:http'
import { GetRecordsCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getRecords } from './page.ts'

let reply = (_: ServerResponse) => {}
const server = createServer((request, response) => {
  request.resume().on('end', () => reply(response))
})
let client: KinesisClient
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  client = new KinesisClient({
    endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    ...{ region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1 },
    // Of the two that the SDK has, the one that speaks HTTP/1.1.
    requestHandler: new NodeHttpHandler(),
  })
})
afterAll(async () => {
  client.destroy()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const json = (status: number, body: unknown, headers: Record<string, string> = {}) => {
  reply = (response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}
const ask = (of: KinesisClient = client) =>
  getRecords(of, { iterator: 'i', limit: 10, arn: {}, now: 5, signal: new AbortController().signal })

test('property: a page is what the SDK would have made of it, byte for byte', async () => {
  const record = fc.record({
    SequenceNumber: fc.stringMatching(/^\d{1,56}$/),
    PartitionKey: fc.string({ unit: 'binary', minLength: 1 }).filter((key) => key.isWellFormed()),
    Data: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
    ApproximateArrivalTimestamp: fc.integer({ min: 0, max: 4e12 }).map((ms) => ms / 1_000),
  })
  const body = fc.record({
    Records: fc.array(record),
    NextShardIterator: fc.string({ minLength: 1 }),
    MillisBehindLatest: fc.nat(),
  })
  // Of a client, `send` alone is used: what is added to its command it does not see.
  const plain = { send: async ({ input }: { input: never }) => client.send(new GetRecordsCommand(input)) }
  await fc.assert(
    fc.asyncProperty(body, async (answer) => {
      json(200, answer)
      const page = await ask()
      // The SDK does not say when Kinesis answered.
      const answeredAt = expect.any(Date)
      expect(page).toEqual({ ...(await ask(plain as unknown as KinesisClient)), answeredAt })
    }),
    { numRuns: 60 },
  )
})

test('what is no page is an error, and never the end of a shard', async () => {
  for (const [status, body] of [
    [200, {}],
    [200, { Records: 5 }],
    [200, '<html>hush</html>'],
    [200, '{"Records":[{"Data":'],
    [200, 'null'],
    [500, 'oops'],
  ] as const) {
    json(status, body)
    await expect(ask()).rejects.toThrow()
  }
  json(400, { __type: 'ExpiredIteratorException', message: 'old' })
  await expect(ask()).rejects.toMatchObject({ name: 'ExpiredIteratorException' })
  json(200, { Records: [], MillisBehindLatest: 0 })
  expect(await ask()).toEqual({
    records: [],
    next: undefined,
    millisBehind: 0,
    answeredAt: expect.any(Date),
    children: [],
  })
})

test('an answer of another format is left to the SDK; a record without a time has that of the read', async () => {
  json(200, { Records: [{ SequenceNumber: '1', Data: '' }], NextShardIterator: 'n' })
  expect(await ask()).toMatchObject({ records: [{ partitionKey: '', arrivedAt: new Date(5) }], next: 'n' })
  json(
    200,
    { Records: [{ SequenceNumber: '1', PartitionKey: 'k', Data: 'eA==' }] },
    { 'content-type': 'text/plain' },
  )
  expect((await ask()).records[0]?.data).toEqual(new Uint8Array(Buffer.from('x')))
})
