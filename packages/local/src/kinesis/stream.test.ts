import { expect, test } from 'vitest'
import { openShards, streamIn } from './stream.ts'

const shard = (ShardId: string, more: object = {}) => ({
  ShardId,
  HashKeyRange: { StartingHashKey: '0', EndingHashKey: '9' },
  SequenceNumberRange: { StartingSequenceNumber: '1' },
  ...more,
})
const CLOSED = {
  StartingSequenceNumber: '1',
  // The one that kinesalite gave to a shard which was closed at 1,700,000,000 seconds.
  EndingSequenceNumber: '49646080765196450299545877145903125985118043541197553666',
}

test('a shard that was closed before its time was kept was closed in the second of its last number', () => {
  const stream = streamIn({
    StreamDescription: {
      StreamName: 's',
      StreamStatus: 'ACTIVE',
      StreamCreationTimestamp: 1_699_000_000,
      RetentionPeriodHours: 24,
      Shards: [
        shard('a', { SequenceNumberRange: CLOSED }),
        shard('b', { ParentShardId: 'a', SequenceNumberRange: CLOSED, _closedAt: 1_800_000_000_123 }),
        shard('c', { ParentShardId: 'b' }),
      ],
    },
  })
  expect(stream.shards.map(({ openedAt, closedAt }) => [openedAt, closedAt])).toEqual([
    [1_699_000_000_000, 1_700_000_000_000],
    [1_700_000_000_000, 1_800_000_000_123],
    [1_800_000_000_123, undefined],
  ])
  expect(openShards(stream).map(({ id }) => id)).toEqual(['c'])
  expect(stream).toMatchObject({ largestRecord: 1_048_576, isOnDemand: false, retentionMs: 86_400_000 })
})
