/** Which leases follow on a shard that has ended. */

import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { silent, systemClock } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import { memoryLeases } from './leases/memory.ts'
import { ShardSync } from './sync.ts'

const id = '123456789012:cdc:1'

const ENDED = { SequenceNumberRange: { StartingSequenceNumber: '1', EndingSequenceNumber: '9' } }

/** `c` follows on `a` and `b`, and `b` on `o`. */
const SHARDS = [
  { ShardId: 'o', ...ENDED },
  { ShardId: 'a', ...ENDED },
  { ShardId: 'b', ParentShardId: 'o', ...ENDED },
  { ShardId: 'c', ParentShardId: 'a', AdjacentParentShardId: 'b' },
]

async function synced(shards: readonly object[], leased: readonly string[]) {
  const leases = memoryLeases()
  for (const shard of leased)
    await leases.create({ stream: id, shard, checkpoint: 'TRIM_HORIZON', parents: [], hashRange: undefined })
  const StreamDescriptionSummary = {
    StreamARN: 'arn:aws:kinesis:eu-west-1:123456789012:stream/cdc',
    StreamCreationTimestamp: new Date(1_000),
  }
  // Only `send` is used, for a summary and the list of the shards.
  const kinesis = {
    send: async () => ({ StreamDescriptionSummary, Shards: shards }),
  } as unknown as KinesisClient
  const streams = [{ stream: 'cdc', name: 'cdc', start: 'TRIM_HORIZON' as const, startAt: undefined }]
  const sync = new ShardSync(
    { clock: systemClock, kinesis, leases, logger: silent, me: 'me', streams },
    () => {},
  )
  await sync.identify('multi-stream')
  const children = async () => (await sync.childrenOf(id, 'a'))?.map(({ shard }) => shard)
  return { children, leases }
}

test('a child of two shards waits until both have leases: it could not wait for one that has none', async () => {
  const { children, leases } = await synced(SHARDS, ['o', 'a'])
  expect(await children()).toBeUndefined()
  await leases.create({
    stream: id,
    shard: 'b',
    checkpoint: 'TRIM_HORIZON',
    parents: [],
    hashRange: undefined,
  })
  expect(await children()).toEqual(['c'])
})

test('a shard that the stream has no more is not waited for, nor one whose child has a lease', async () => {
  const gone = SHARDS.filter(({ ShardId }) => ShardId !== 'b')
  expect(await (await synced(gone, ['o', 'a'])).children()).toEqual(['c'])
  expect(await (await synced(SHARDS, ['o', 'a', 'c'])).children()).toEqual(['c'])
})

test('a shard that the stream says is open has not ended, whatever a read has said', async () => {
  const { children } = await synced([{ ShardId: 'a' }, { ShardId: 'c', ParentShardId: 'a' }], ['a'])
  await expect(children()).rejects.toMatchObject({ code: 'shard-open' })
})
