/** Which rows a look at the shards makes. */

import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { silent, systemClock } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import { memoryLeases } from './leases/memory.ts'
import { Streams } from './streams.ts'
import { ShardSync } from './sync.ts'

test('of a stream whose shards of the start have all expired, those that followed are read', async () => {
  const leases = memoryLeases()
  // Only `send` is used, for the list of the shards.
  const send = async ({ input }: { readonly input: { readonly ShardFilter?: unknown } }) => ({
    Shards: input.ShardFilter === undefined ? [{ ShardId: 'b', ParentShardId: 'a' }] : [],
  })
  const kinesis = { send } as unknown as KinesisClient
  const listed = [{ stream: 'cdc', name: 'cdc', start: 'AT_TIMESTAMP' as const, startAt: new Date(0) }]
  const settings = { clock: systemClock, kinesis, leases, logger: silent, me: 'me' }
  const streams = new Streams({ ...settings, streams: listed })
  streams.identify('multi-stream', new Map([['cdc', '123456789012:cdc:1']]))
  await new ShardSync(settings, streams, () => {}).sync()
  const made = (await leases.scan()).leases.map(({ shard, checkpoint }) => [shard, checkpoint.sequence])
  expect(made).toEqual([['b', 'AT_TIMESTAMP']])
})
