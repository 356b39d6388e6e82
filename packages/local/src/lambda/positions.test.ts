import { DeleteStreamCommand, DescribeStreamCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { folders } from '../../test/folders.ts'
import { mappingStage, STREAM } from '../../test/mapping-stage.ts'
import { openData, type Shelf, type ShipData } from '../data/index.ts'

const stage = mappingStage()
const { batches, createStream, isActive, map, put } = stage
const folder = folders()

let data: ShipData
let shelf: Shelf
beforeEach(() => {
  data = openData(folder())
  shelf = data.shelf('positions')
})
afterEach(() => data.close())

test('the next mapping of a function goes on where the last one stood', async () => {
  await createStream()
  await put({ id: 'a' }, { id: 'b' })
  const first = await map({}, { shelf })
  await first.idle()
  await first.close()
  await put({ id: 'c' })
  const second = await map({ startingPosition: 'LATEST' }, { shelf })
  await second.idle()
  expect(batches()).toEqual(['ab', 'c'])
})

test('another function, and one without a place to keep it, starts from its starting position', async () => {
  await createStream()
  await put({ id: 'a' })
  const functions = [{ functionName: 'one' }, { functionName: 'one two' }]
  for (const options of functions) {
    const mapping = await map(options, { shelf })
    await mapping.idle()
    await mapping.close()
  }
  const mapping = await map({ functionName: 'one' })
  await mapping.idle()
  expect(batches()).toEqual(['a', 'a', 'a'])
})

test('from LATEST, what came while no mapping ran is not passed over', async () => {
  await createStream()
  await put({ id: 'before' })
  const first = await map({ startingPosition: 'LATEST' }, { shelf })
  await first.idle()
  await first.close()
  await put({ id: 'meanwhile' })
  const second = await map({ startingPosition: 'LATEST' }, { shelf })
  await second.idle()
  expect(batches()).toEqual(['meanwhile'])
})

test('what a batch reported as failed comes again, what came before it does not', async () => {
  await createStream()
  await put({ id: 'a' }, { id: 'b', fail: 'always' }, { id: 'c' })
  const first = await map({}, { shelf })
  await vi.waitUntil(() => first.invocations.length > 0, { timeout: 20_000 })
  await first.close()
  const second = await map({ maximumRetryAttempts: 0 }, { shelf })
  await second.idle()
  expect(batches()[0]).toBe('abc')
  expect(new Set(batches().slice(1))).toEqual(new Set(['bc']))
})

test('a batch whose destination did not take it comes again', async () => {
  await createStream()
  await put({ id: 'a', fail: 'throw' })
  const refused = Promise.withResolvers<void>()
  const onFailure = () => {
    refused.resolve()
    throw new Error('down')
  }
  const first = await map({ maximumRetryAttempts: 0, onFailure }, { shelf })
  await refused.promise
  await first.close()
  const second = await map({ maximumRetryAttempts: 0 }, { shelf })
  await second.idle()
  expect(batches()).toEqual(['a', 'a'])
})

test('a shard that was read to its end is not read again, and its children are', async () => {
  await createStream()
  await put({ id: 'a' })
  const first = await map({}, { shelf })
  await first.idle()
  await stage.client.send(
    new SplitShardCommand({
      StreamName: STREAM,
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: '170141183460469231731687303715884105728',
    }),
  )
  await vi.waitUntil(isActive)
  await put({ id: 'b' })
  await first.idle()
  await first.close()
  await put({ id: 'c' })
  const second = await map({}, { shelf })
  await second.idle()
  expect(batches()).toEqual(['a', 'b', 'c'])
})

test('a stream that was deleted and made again is read from its start', async () => {
  await createStream()
  await put({ id: 'a' }, { id: 'b' })
  const first = await map({}, { shelf })
  await first.idle()
  await first.close()
  const [{ start } = expect.unreachable()] = shelf.all().map(([, kept]) => Object(kept))
  await stage.client.send(new DeleteStreamCommand({ StreamName: STREAM }))
  await vi.waitUntil(() =>
    stage.client.send(new DescribeStreamCommand({ StreamName: STREAM })).then(
      () => false,
      () => true,
    ),
  )
  await createStream()
  // Two streams of one second begin at the same number.
  for (const [name, kept] of shelf.all()) shelf.set(name, { ...Object(kept), start: `${BigInt(start) - 1n}` })
  await put({ id: 'c' })
  const second = await map({}, { shelf })
  await second.idle()
  expect(batches()).toEqual(['ab', 'c'])
})

test('a second mapping of a function on a stream is refused while the first one runs', async () => {
  await createStream()
  const running = new Set<string>()
  const first = await map({}, { shelf, running })
  await expect(map({}, { shelf, running })).rejects.toMatchObject({
    code: 'lambda-twice',
    message: expect.stringContaining("the function 'report' on the stream 'clients-cdc'"),
  })
  await map({ functionName: 'other' }, { shelf, running })
  await first.close()
  await map({}, { shelf, running })
})
