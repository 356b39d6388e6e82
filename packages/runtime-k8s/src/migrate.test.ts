/** Workers in a table that a KCL fleet has made, in KCL's single-stream mode, and in one that has moved on to KCL 3. */

import {
  CreateTableCommand,
  DeleteItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { GetRecordsCommand, GetShardIteratorCommand, MergeShardsCommand } from '@aws-sdk/client-kinesis'
import { reactor } from '@spaceship/core'
import { describe, expect, test, vi } from 'vitest'
import { kclRows } from '../test/kcl-fixtures.ts'
import { type Pods, podsOnShip, refusal, saved } from '../test/pods.ts'
import type { Item } from './leases/lease.ts'

const wait = { timeout: 20_000, interval: 20 }
const SHARD = 'shardId-000000000000'
const MIGRATING = { failover: '1s', migrate: true } as const
const WHOLE = {
  startingHashKey: { S: '0' },
  endingHashKey: { S: '340282366920938463463374607431768211455' },
}

async function tableOf(
  pods: Pods,
  rows: readonly Item[],
  TableName = 'app',
  AttributeName = 'leaseKey',
): Promise<void> {
  await pods.dynamodb.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName, AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  for (const Item of rows) await pods.dynamodb.send(new PutItemCommand({ TableName, Item }))
}

const row = (more: Item = {}): Item => ({
  leaseKey: { S: SHARD },
  leaseCounter: { N: '41' },
  checkpoint: { S: 'TRIM_HORIZON' },
  checkpointSubSequenceNumber: { N: '0' },
  ownerSwitchesSinceCheckpoint: { N: '0' },
  ...WHOLE,
  ...more,
})

async function rowsOf(pods: Pods): Promise<readonly Item[]> {
  return (await pods.dynamodb.send(new ScanCommand({ TableName: 'app', ConsistentRead: true }))).Items ?? []
}

/** Notes what it sees. */
function noting() {
  const seen: string[] = []
  return { seen, reactor: reactor('note').on('see', saved, (e) => void seen.push(e.after.id)) }
}

/** Sequence numbers of what lies on the shard. */
async function sequences({ kinesis }: Pods): Promise<readonly string[]> {
  const from = { StreamName: 'cdc', ShardId: SHARD, ShardIteratorType: 'TRIM_HORIZON' as const }
  const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(from))
  const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
  return Records.map(({ SequenceNumber = '' }) => SequenceNumber)
}

test('a worker goes on where a dead KCL worker of single-stream mode stood, writes as that would, and gives the lease back', async () => {
  await using pods = await podsOnShip()
  await pods.put('a', 'b', 'c')
  const [, second = ''] = await sequences(pods)
  await tableOf(pods, [row({ leaseOwner: { S: 'java' }, checkpoint: { S: second }, java: { S: 'kept' } })])
  const { seen, reactor: note } = noting()
  const pod = pods.pod(note, { leases: MIGRATING })
  const run = pod.run()
  await vi.waitFor(() => expect(seen).toEqual(['c']), wait)
  await pod.stop()
  await run
  const [, , third = ''] = await sequences(pods)
  expect(await rowsOf(pods)).toEqual([
    {
      ...row({ checkpoint: { S: third }, java: { S: 'kept' }, application: { S: 'app' } }),
      leaseCounter: { N: expect.stringMatching(/^\d+$/) },
    },
  ])
}, 60_000)

test('statement 15: under its own id a worker takes its leases back at once, without waiting for their end', async () => {
  await using pods = await podsOnShip()
  await pods.put('a')
  await tableOf(pods, [row({ leaseOwner: { S: 'same' }, application: { S: 'app' } })])
  const { seen, reactor: note } = noting()
  const pod = pods.pod(note, { workerId: 'same', leases: { failover: '60s' } })
  const run = pod.run()
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  await pod.stop()
  await run
}, 60_000)

test('statement 27: a checkpoint is read at, and what it covers is passed over, inside an aggregate as well', async () => {
  await using pods = await podsOnShip()
  await pods.put('a', 'b')
  const [first = ''] = await sequences(pods)
  await tableOf(pods, [row({ checkpoint: { S: first }, application: { S: 'app' } })])
  const asked: unknown[] = []
  pods.bent.fail = (operation, input) => {
    // The check before the start asks for the latest.
    if (operation === 'GetShardIterator' && input.ShardIteratorType !== 'LATEST') asked.push(input)
    return undefined
  }
  const { seen, reactor: note } = noting()
  const pod = pods.pod(note)
  const run = pod.run()
  await vi.waitFor(() => expect(seen).toEqual(['b']), wait)
  expect(asked).toMatchObject([{ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: first }])
  await pod.stop()
  await run
}, 60_000)

test('statement 29: children are there at TRIM_HORIZON before their parent has ended, of a merge as of a split', async () => {
  await using pods = await podsOnShip(2)
  await pods.put('a')
  const [first, second] = [SHARD, 'shardId-000000000001']
  const writes: string[] = []
  pods.bent.fail = (operation, { Item, Key, ExpressionAttributeValues }) => {
    const { leaseKey, checkpoint, parentShardId } = Object(Item)
    if (operation === 'PutItem' && parentShardId !== undefined)
      writes.push(`child ${leaseKey.S.replace(/.*:/, '')} at ${checkpoint.S}`)
    if (operation === 'UpdateItem' && Object(ExpressionAttributeValues)[':checkpoint']?.S === 'SHARD_END')
      writes.push(`end of ${Object(Key).leaseKey.S.replace(/.*:/, '')}`)
    return undefined
  }
  const { seen, reactor: note } = noting()
  const pod = pods.pod(note, { shardSync: '10m' })
  const run = pod.run()
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  const merge = { StreamName: 'cdc', ShardToMerge: first, AdjacentShardToMerge: second }
  await pods.kinesis.send(new MergeShardsCommand(merge))
  const merged = 'shardId-000000000002'
  const open = async () => owners(await rowsOf(pods))
  await vi.waitFor(
    async () => expect(Object.keys(await open()).some((key) => key.endsWith(merged))).toBe(true),
    wait,
  )
  // A renewal beside an end makes its worker write the end again.
  const ends = () => [...new Set(writes.filter((write) => write.startsWith('end')))].sort()
  await vi.waitFor(() => expect(ends()).toEqual([`end of ${first}`, `end of ${second}`]), wait)
  expect(writes[0]).toBe(`child ${merged} at TRIM_HORIZON`)
  await pods.put('b')
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), wait)
  await pod.stop()
  await run
}, 60_000)

describe('a new table', () => {
  test('in single-stream layout has rows under the ids of the shards, as KCL makes them', async () => {
    await using pods = await podsOnShip(2)
    await pods.put('a')
    const { seen, reactor: note } = noting()
    const pod = pods.pod(note, { leases: { failover: '1s', layout: 'single-stream' } })
    const run = pod.run()
    await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
    await pod.stop()
    await run
    const rows = await rowsOf(pods)
    expect(rows.map(({ leaseKey }) => leaseKey?.S).sort()).toEqual([SHARD, 'shardId-000000000001'])
    for (const each of rows) expect([each.streamName, each.shardId]).toEqual([undefined, undefined])
    // The next start finds the layout in the rows.
    const next = pods.pod(note)
    const again = next.run()
    await pods.put('b')
    await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), wait)
    await next.stop()
    await again
  }, 60_000)

  test('of several streams has no such layout', async () => {
    await using pods = await podsOnShip()
    const { reactor: note } = noting()
    expect(() => pods.pod(note, { streams: ['cdc', 'other'], leases: { layout: 'single-stream' } })).toThrow(
      /'leases\.layout' is 'single-stream', and 'streams' has 2/,
    )
  })
})

const MIGRATION: Item = {
  leaseKey: { S: 'Migration3.0' },
  entityType: { S: 'CLIENT_VERSION_MIGRATION' },
  cv: { S: 'CLIENT_VERSION_UPGRADE_FROM_2X' },
}

describe('a table that has moved on to KCL 3', () => {
  test.each([
    ['a migration', [row(), MIGRATION], /'Migration3\.0' is at 'CLIENT_VERSION_UPGRADE_FROM_2X'/],
    [
      'the metrics of a worker',
      [row(), { leaseKey: { S: 'w1' }, entityType: { S: 'WORKER_METRIC_STATS' } }],
      /'w1' has the 'entityType' 'WORKER_METRIC_STATS'/,
    ],
    [
      'a hand-over',
      [row({ leaseOwner: { S: 'new' }, checkpointOwner: { S: 'old' } })],
      /has a 'checkpointOwner'/,
    ],
  ] as const)(
    '%s keeps a worker from starting, says what to do, and is left as it is',
    async (_, rows, shown) => {
      await using pods = await podsOnShip()
      await tableOf(pods, rows)
      const before = await rowsOf(pods)
      const run = pods.pod(noting().reactor, { leases: MIGRATING }).run()
      await expect(run).rejects.toThrow(shown)
      await expect(run).rejects.toThrow(/COMPATIBLE_WITH_2X_PHASE1/)
      expect(await rowsOf(pods)).toEqual(before)
    },
  )

  test('while a worker runs: it finishes what it holds, takes nothing more, says so, and goes on when it is rolled back', async () => {
    await using pods = await podsOnShip(2)
    await pods.put('a', 'b', 'c', 'd')
    await tableOf(pods, [row({ ...half(0), leaseOwner: { S: 'java' } })])
    const other = { ...row({ ...half(1), leaseKey: { S: 'shardId-000000000001' } }) }
    const { seen, reactor: note } = noting()
    const pod = pods.pod(note, { leases: MIGRATING, shardSync: '10m' })
    const run = pod.run()
    await vi.waitFor(async () => expect(owners(await rowsOf(pods))[SHARD]).toBe(pod.id), wait)
    await pods.dynamodb.send(new PutItemCommand({ TableName: 'app', Item: MIGRATION }))
    const told = () => pods.lines.filter(({ message }) => /moved on from KCL 2\.x/.test(message))
    await vi.waitFor(() => expect(told().length).toBe(1), wait)
    // A lease that is free now stays so, and the one that is held is read and renewed.
    await pods.dynamodb.send(new PutItemCommand({ TableName: 'app', Item: other }))
    const counter = async () =>
      Number((await rowsOf(pods)).find((each) => each.leaseKey?.S === SHARD)?.leaseCounter?.N)
    const before = await counter()
    await vi.waitFor(async () => expect(await counter()).toBeGreaterThan(before + 4), wait)
    expect(owners(await rowsOf(pods))['shardId-000000000001']).toBeUndefined()
    await pods.dynamodb.send(
      new DeleteItemCommand({ TableName: 'app', Key: { leaseKey: { S: 'Migration3.0' } } }),
    )
    await vi.waitFor(() => expect([...seen].sort()).toEqual(['a', 'b', 'c', 'd']), wait)
    expect(told().length).toBe(1)
    await pod.stop()
    await run
  }, 60_000)

  test('a lease that it hands over is finished, and then its next owner is left to have it', async () => {
    await using pods = await podsOnShip()
    await pods.put('a')
    await tableOf(pods, [row({ application: { S: 'app' } })])
    const { seen, reactor: note } = noting()
    const pod = pods.pod(note, { leases: MIGRATING })
    const run = pod.run()
    await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
    await pods.dynamodb.send(
      new UpdateItemCommand({
        TableName: 'app',
        Key: { leaseKey: { S: SHARD } },
        UpdateExpression: 'SET leaseOwner = :next, checkpointOwner = :current',
        ExpressionAttributeValues: { ':next': { S: 'java' }, ':current': { S: pod.id } },
      }),
    )
    await vi.waitFor(async () => {
      const [lease] = await rowsOf(pods)
      expect([lease?.leaseOwner?.S, lease?.checkpointOwner]).toEqual(['java', undefined])
    }, wait)
    const [lease] = await rowsOf(pods)
    expect(lease?.checkpoint?.S).toBe((await sequences(pods))[0])
    await pod.stop()
    await run
  }, 60_000)
})

describe('a fleet of KCL 3.0 to 3.4, which says in a table of its own that it has moved on', () => {
  const COORDINATOR = 'app-CoordinatorState'
  const state = kclRows('3.4.2/03-after-checkpoint.json', COORDINATOR)
  const moved = (pods: Pods, TableName = COORDINATOR) => tableOf(pods, state, TableName, 'key')
  const asked = (pods: Pods) => {
    const tables: unknown[] = []
    pods.bent.fail = (operation, { TableName, ConsistentRead }) => {
      if (operation === 'GetItem' && String(TableName).endsWith('State')) tables.push(ConsistentRead)
      return undefined
    }
    return tables
  }

  test('keeps a worker from starting, which says what to do, and leaves the rows as they are', async () => {
    await using pods = await podsOnShip()
    await tableOf(pods, [row()])
    await moved(pods)
    const run = pods.pod(noting().reactor, { leases: MIGRATING }).run()
    await expect(run).rejects.toThrow(/'Migration3\.0' in the table 'app-CoordinatorState' is at 'CLIENT_V/)
    await expect(run).rejects.toThrow(/COMPATIBLE_WITH_2X_PHASE1/)
    expect(await rowsOf(pods)).toEqual([row()])
  })

  test('has its table where the options say, if its application has another name than its lease table', async () => {
    await using pods = await podsOnShip()
    await tableOf(pods, [row()])
    await moved(pods, 'orders-CoordinatorState')
    const leases = { ...MIGRATING, coordinatorState: 'orders-CoordinatorState' }
    await expect(pods.pod(noting().reactor, { leases }).run()).rejects.toThrow(/'orders-CoordinatorState'/)
    expect(() => pods.pod(noting().reactor, { leases: { migrate: false, coordinatorState: 'a b' } })).toThrow(
      /'leases\.coordinatorState' is 'a b': expected 3 to 255(.|\n)*'leases: \{ migrate: true \}' only/,
    )
  })

  test('is looked for at each look of a worker that shares its table, and by no other', async () => {
    await using pods = await podsOnShip()
    const alone = asked(pods)
    const { seen, reactor: note } = noting()
    const first = pods.pod(note)
    const run = first.run()
    await pods.put('a')
    await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
    await first.stop()
    await run
    expect(alone).toEqual([])
    const scans: unknown[] = []
    const tables = asked(pods)
    pods.bent.after = (operation, _, { TableName }) => {
      if (operation === 'Scan' && TableName === 'app') scans.push(TableName)
    }
    const second = pods.pod(note, { leases: MIGRATING })
    const again = second.run()
    await vi.waitFor(() => expect(scans.length).toBeGreaterThan(4), wait)
    await second.stop()
    await again
    expect(new Set(tables)).toEqual(new Set([undefined]))
    expect(tables.length).toBeLessThanOrEqual(scans.length + 1)
  }, 60_000)

  test('while a worker runs: it finishes what it holds, takes nothing more, says so once, and goes on when that is rolled back', async () => {
    await using pods = await podsOnShip(2)
    await tableOf(pods, [row({ ...half(0) })])
    const { seen, reactor: note } = noting()
    const pod = pods.pod(note, { leases: MIGRATING, shardSync: '10m' })
    const run = pod.run()
    await vi.waitFor(async () => expect(owners(await rowsOf(pods))[SHARD]).toBe(pod.id), wait)
    await moved(pods)
    const told = () => pods.lines.filter(({ message }) => /moved on from KCL 2\.x/.test(message))
    await vi.waitFor(() => expect(told()).toMatchObject([{ level: 'error' }]), wait)
    const free = row({ ...half(1), leaseKey: { S: 'shardId-000000000001' } })
    await pods.dynamodb.send(new PutItemCommand({ TableName: 'app', Item: free }))
    const looks = asked(pods)
    await pods.put('a', 'b', 'c', 'd')
    await vi.waitFor(() => expect(looks.length).toBeGreaterThan(4), wait)
    expect(owners(await rowsOf(pods))).toEqual({ [SHARD]: pod.id, 'shardId-000000000001': undefined })
    const Key = { key: { S: 'Migration3.0' } }
    await pods.dynamodb.send(new DeleteItemCommand({ TableName: COORDINATOR, Key }))
    await vi.waitFor(() => expect([...new Set(seen)].sort()).toEqual(['a', 'b', 'c', 'd']), wait)
    expect(told().length).toBe(1)
    await pod.stop()
    await run
  }, 60_000)

  test('a worker that may not look says at its start which action to grant on which table', async () => {
    await using pods = await podsOnShip()
    await tableOf(pods, [row()])
    pods.bent.fail = (operation, { TableName }) =>
      operation === 'GetItem' && TableName === COORDINATOR ? refusal('AccessDeniedException') : undefined
    await expect(pods.pod(noting().reactor, { leases: MIGRATING }).run()).rejects.toThrow(
      /'leases' cannot use the table 'app-CoordinatorState' \(denied\): grant dynamodb:GetItem on the table 'app-CoordinatorState'.*whether or not the table exists/,
    )
    expect(await rowsOf(pods)).toEqual([row()])
  })
})

const owners = (rows: readonly Item[]) =>
  Object.fromEntries(rows.map(({ leaseKey, leaseOwner }) => [leaseKey?.S ?? '', leaseOwner?.S]))

/** Of two shards, the range of one. */
function half(n: 0 | 1): Item {
  const middle = 2n ** 127n
  return n === 0
    ? { startingHashKey: { S: '0' }, endingHashKey: { S: String(middle - 1n) } }
    : { startingHashKey: { S: String(middle) }, endingHashKey: { S: String(2n ** 128n - 1n) } }
}
