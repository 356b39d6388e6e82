import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isSentinel, itemOf, leaseOf, SINGLE_STREAM } from './lease.ts'

function kclItems(file: string) {
  const dump = JSON.parse(readFileSync(new URL(`../../test/fixtures/kcl/${file}`, import.meta.url), 'utf8'))
  return dump.app.Items
}

test('reads the leases that KCL 2.7.2 wrote, parents and ended shards included', () => {
  const leases = kclItems('2.7.2/07-split-children-running.json').map(leaseOf)
  expect(leases.every((lease: unknown) => lease !== undefined)).toBe(true)
  const byShard = Object.fromEntries(leases.map((lease: { shard: string }) => [lease.shard, lease]))
  expect(byShard['shardId-000000000000']).toMatchObject({
    stream: SINGLE_STREAM,
    owner: 'w1',
    checkpoint: { sequence: 'SHARD_END' },
  })
  expect(byShard['shardId-000000000004']).toMatchObject({
    parents: ['shardId-000000000000'],
    ownerSwitches: 0,
    hashRange: {
      startingHashKey: expect.stringMatching(/^\d+$/),
      endingHashKey: expect.stringMatching(/^\d+$/),
    },
  })
})

test('passes over the items that KCL 3.5 keeps beside its leases', () => {
  const items = kclItems('3.5.1/04-during-handoff.json')
  const leases = items.map(leaseOf).filter((lease: unknown) => lease !== undefined)
  expect(leases).toHaveLength(4)
  expect(items.length).toBeGreaterThan(4)
})

test('a new lease has every attribute that KCL requires, and none of the empty ones', () => {
  const item = itemOf(
    {
      stream: '000000000000:orders:1796000000',
      shard: 'shardId-000000000007',
      checkpoint: 'TRIM_HORIZON',
      parents: [],
      hashRange: ['0', '99'],
    },
    'app',
  )
  expect(item).toEqual({
    leaseKey: { S: '000000000000:orders:1796000000:shardId-000000000007' },
    streamName: { S: '000000000000:orders:1796000000' },
    shardId: { S: 'shardId-000000000007' },
    leaseCounter: { N: '0' },
    checkpoint: { S: 'TRIM_HORIZON' },
    checkpointSubSequenceNumber: { N: '0' },
    ownerSwitchesSinceCheckpoint: { N: '0' },
    application: { S: 'app' },
    startingHashKey: { S: '0' },
    endingHashKey: { S: '99' },
  })
})

test('a journal is dropped when someone else moved the checkpoint: back, to replay, or on, as a worker of KCL does', () => {
  const item = {
    ...{ leaseKey: { S: 'a:b:1:s' }, leaseCounter: { N: '7' }, ownerSwitchesSinceCheckpoint: { N: '0' } },
    ...{ spaceshipJournal: { S: 'j' }, spaceshipJournalAt: { S: '100' } },
  }
  const journalAt = (checkpoint: string) => leaseOf({ ...item, checkpoint: { S: checkpoint } })?.journal
  expect(journalAt('100')).toBe('j')
  expect(journalAt('1000')).toBeUndefined()
  expect(journalAt('99')).toBeUndefined()
  expect(journalAt('TRIM_HORIZON')).toBeUndefined()
})

test('sentinels are told from sequence numbers', () => {
  expect(['TRIM_HORIZON', 'LATEST', 'SHARD_END', 'AT_TIMESTAMP'].every(isSentinel)).toBe(true)
  expect(isSentinel('49680512782888607630610531350849377440682527978596335634')).toBe(false)
})
