import assert from 'node:assert/strict'
import { type Item, itemOf, leaseKey, type NewLease, SHARD_END } from './lease.ts'
import type { LeaseTable } from './table.ts'

/** What every LeaseTable must do. */
export const leaseTableCases: readonly {
  readonly name: string
  /** @param table an empty one @param put writes an item into it, as somebody else might */
  run(table: LeaseTable, put: (item: Item) => Promise<void>): Promise<void>
}[] = [
  {
    name: 'a lease is created once; the second create changes nothing',
    run: async (table) => {
      assert.equal(await table.create(fresh), true)
      assert.equal(await table.create({ ...fresh, checkpoint: 'LATEST' }), false)
      const [lease, ...more] = (await table.scan()).leases
      assert.equal(more.length, 0)
      assert.deepEqual(
        { ...lease, key: undefined },
        {
          key: undefined,
          stream: fresh.stream,
          shard: fresh.shard,
          owner: undefined,
          checkpointOwner: undefined,
          counter: 0,
          checkpoint: { sequence: 'TRIM_HORIZON', subSequence: 0 },
          ownerSwitches: 0,
          parents: fresh.parents,
          hashRange: { startingHashKey: fresh.hashRange?.[0], endingHashKey: fresh.hashRange?.[1] },
          journal: undefined,
          application: 'app',
        },
      )
    },
  },
  {
    name: 'a row is there or not by its key, and tells its checkpoint as the last write left it',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      assert.equal(await table.checkpointOf(mine.key), 'TRIM_HORIZON')
      assert.equal(await table.checkpointOf(`${mine.key}1`), undefined)
      const ended = { sequence: SHARD_END, subSequence: 0 }
      await table.checkpoint(mine, { checkpoint: ended, journal: undefined })
      assert.equal(await table.checkpointOf(mine.key), SHARD_END)
      await table.remove(mine)
      assert.equal(await table.checkpointOf(mine.key), undefined)
    },
  },
  {
    name: 'a lease is made where a shard stands',
    run: async (table) => {
      const at = { ...fresh, shard: 'shardId-000000000007', checkpoint: '49', subSequence: 3 }
      const unread = {
        ...fresh,
        shard: 'shardId-000000000008',
        checkpoint: 'LATEST',
        first: '@1796000000000',
      }
      assert.equal(await table.create(at), true)
      assert.equal(await table.create(unread), true)
      assert.equal(await table.create({ ...at, checkpoint: '7' }), false)
      const { leases } = await table.scan()
      assert.deepEqual(
        leases.map(({ checkpoint, first }) => [checkpoint, first]).sort(),
        [
          [{ sequence: '49', subSequence: 3 }, undefined],
          [{ sequence: 'LATEST', subSequence: 0 }, '@1796000000000'],
        ].sort(),
      )
    },
  },
  {
    name: 'of two that take what they saw, one wins',
    run: async (table) => {
      const lease = await created(table)
      const takes = await Promise.all([table.take(lease, 'w1'), table.take(lease, 'w2')])
      assert.equal(takes.filter((taken) => taken !== undefined).length, 1)
    },
  },
  {
    name: 'whoever lost a take gives nothing up: the counter is that of the one who won',
    run: async (table) => {
      const lease = await created(table)
      await table.take(lease, 'w1')
      await table.release({ ...lease, owner: 'w2', counter: lease.counter + 1 })
      assert.equal((await table.scan()).leases[0]?.owner, 'w1')
    },
  },
  {
    name: 'whoever was overtaken can neither renew nor checkpoint',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const theirs = await table.take(mine, 'w2')
      assert.equal(theirs?.ownerSwitches, 1)
      assert.equal(await table.renew(mine), undefined)
      assert.equal(
        await table.checkpoint(mine, { checkpoint: { sequence: '42', subSequence: 0 }, journal: undefined }),
        undefined,
      )
      assert.equal((await table.scan()).leases[0]?.checkpoint.sequence, 'TRIM_HORIZON')
    },
  },
  {
    name: 'whoever takes a lease from an owner that lives counts no death',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const theirs = await table.take(mine, 'w2', 'w2/1', true)
      assert.deepEqual([theirs?.owner, theirs?.ownerSwitches], ['w2', 0])
      assert.equal((await table.scan()).leases[0]?.ownerSwitches, 0)
    },
  },
  {
    name: "a lease that is asked for is its owner's, who sees that with the next write",
    run: async (table) => {
      const mine = await taken(table, 'w1')
      assert.equal(await table.ask(mine, 'w2'), true)
      const [seen] = (await table.scan()).leases
      assert.deepEqual([seen?.owner, seen?.wanted, seen?.counter], ['w1', 'w2', mine.counter])
      const renewed = await table.renew(mine)
      assert.deepEqual([renewed?.wanted, renewed?.counter], ['w2', mine.counter + 1])
      const at = { sequence: '42', subSequence: 0 }
      const moved = renewed && (await table.checkpoint(renewed, { checkpoint: at, journal: undefined }))
      assert.equal(moved?.wanted, 'w2')
    },
  },
  {
    name: 'of those who ask for a lease the first one stays, and nobody asks whoever has it no more',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const asked = await Promise.all([table.ask(mine, 'w2'), table.ask(mine, 'w3')])
      assert.deepEqual([...asked].sort(), [false, true])
      const theirs = await table.take(mine, 'w4')
      assert.equal(theirs?.wanted, undefined)
      assert.equal(await table.ask(mine, 'w5'), false)
      assert.equal((await table.scan()).leases[0]?.wanted, undefined)
      if (theirs !== undefined) await table.release(theirs)
      assert.equal(await table.ask(theirs ?? mine, 'w5'), false)
    },
  },
  {
    name: 'a lease that is given up says who has asked for it, until it is taken; that of a dead owner does not',
    run: async (table) => {
      const wanted = async () => (await table.scan()).leases.map((lease) => lease.wanted)
      const mine = await taken(table, 'w1')
      await table.ask(mine, 'w2')
      await table.release(mine)
      assert.deepEqual(await wanted(), ['w2'])
      const [free] = (await table.scan()).leases
      const theirs = free && (await table.take(free, 'w2'))
      assert.deepEqual([theirs?.owner, theirs?.wanted, theirs?.ownerSwitches], ['w2', undefined, 0])
      assert.deepEqual(await wanted(), [undefined])
      if (theirs === undefined) return
      await table.ask(theirs, 'w3')
      await table.release(theirs, true)
      assert.deepEqual(await wanted(), [undefined])
    },
  },
  {
    name: 'what is asked for no more is as if nobody had asked: by whoever has, also of a lease that is given up',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const seen = async () => (await table.scan()).leases[0]
      assert.equal(await table.withdraw(mine, 'w2'), false)
      await table.ask(mine, 'w2')
      assert.equal(await table.withdraw(mine, 'w3'), false)
      assert.equal((await seen())?.wanted, 'w2')
      assert.equal(await table.withdraw(mine, 'w2'), true)
      assert.deepEqual(await seen(), mine)
      await table.ask(mine, 'w2')
      await table.release(mine)
      assert.equal(await table.withdraw(mine, 'w2'), true)
      const free = await seen()
      assert.deepEqual([free?.wanted, free?.owner, free?.ownerSwitches], [undefined, undefined, 0])
      assert.equal(await table.withdraw({ key: 'none' }, 'w2'), false)
    },
  },
  {
    name: 'a renewal bumps the counter and nothing else',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      assert.deepEqual(await table.renew(mine), { ...mine, counter: mine.counter + 1 })
    },
  },
  {
    name: 'a write repeated after a lost answer is still a success',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const first = await table.renew(mine)
      assert.ok(first !== undefined)
      // It is written anew: peers count the lease's life from the last write that they see.
      assert.deepEqual(await table.renew(mine), { ...first, counter: first.counter + 1 })
    },
  },
  {
    name: 'a checkpoint that follows on a renewal without an answer is written',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      await table.renew(mine)
      const checkpoint = { sequence: '7', subSequence: 0 }
      const written = await table.checkpoint(mine, { checkpoint, journal: undefined })
      assert.deepEqual(written?.checkpoint, checkpoint)
      assert.deepEqual((await table.scan()).leases, [written])
    },
  },
  {
    name: 'a checkpoint that follows on several writes without an answer is written',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const first = await table.renew(mine)
      assert.ok(first !== undefined)
      await table.renew(first)
      const checkpoint = { sequence: '7', subSequence: 0 }
      const written = await table.checkpoint(mine, { checkpoint, journal: undefined })
      assert.deepEqual([written?.checkpoint, written?.counter], [checkpoint, mine.counter + 3])
    },
  },
  {
    name: 'another process of the same id is another owner: it takes a lease, and who had it writes no more',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      assert.equal(mine.process, 'w1/1')
      const theirs = await table.take(mine, 'w1', 'w1/2')
      assert.equal(theirs?.process, 'w1/2')
      // A process that was restarted under its id has died: of what it ran nobody would know otherwise.
      assert.equal(theirs.ownerSwitches, 1)
      assert.equal((await table.take(theirs, 'w1', 'w1/2'))?.ownerSwitches, 1)
      const checkpoint = { sequence: '7', subSequence: 0 }
      assert.equal(await table.checkpoint(mine, { checkpoint, journal: undefined }), undefined)
      assert.equal(await table.renew(mine), undefined)
      assert.equal(await table.take(mine, 'w1', 'w1/1'), undefined)
      assert.equal((await table.scan()).leases[0]?.process, 'w1/2')
    },
  },
  {
    name: 'a process is named with its owner: of a lease that a KCL worker has taken it says nothing',
    run: async (table, put) => {
      const item = { ...itemOf(fresh, 'app'), spaceshipProcess: { S: 'w1/1' } }
      const seen = async (more: Item) => {
        await put({ ...item, ...more })
        return (await table.scan()).leases[0]?.process
      }
      assert.equal(await seen({ leaseOwner: { S: 'java' } }), undefined)
      assert.equal(await seen({}), undefined)
      assert.equal(await seen({ leaseOwner: { S: 'w1' } }), 'w1/1')
      assert.equal(await seen({ leaseOwner: { S: 'java' }, checkpointOwner: { S: 'w1' } }), 'w1/1')
    },
  },
  {
    name: 'a checkpoint of a time that is over does not stand on top of the next one',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const again = await table.take(mine, 'w1')
      const progress = { checkpoint: { sequence: '7', subSequence: 0 }, journal: undefined }
      assert.equal(await table.checkpoint(mine, progress, () => false), undefined)
      assert.deepEqual((await table.scan()).leases, [again])
    },
  },
  {
    name: 'a checkpoint of an owner that another has followed is not written',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const theirs = await table.take(mine, 'w2')
      const checkpoint = { sequence: '7', subSequence: 0 }
      assert.equal(await table.checkpoint(mine, { checkpoint, journal: undefined }), undefined)
      assert.deepEqual((await table.scan()).leases, [theirs])
    },
  },
  {
    name: 'a checkpoint holds position and journal, and clears them again',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const at = { sequence: '49680512782888607630610531350849377440682527978596335634', subSequence: 3 }
      const first = await table.checkpoint(mine, { checkpoint: at, journal: '{"j":1}' })
      assert.deepEqual([first?.checkpoint, first?.journal, first?.ownerSwitches], [at, '{"j":1}', 0])
      assert.ok(first !== undefined)
      const second = await table.checkpoint(first, { checkpoint: at, journal: undefined })
      assert.deepEqual([second?.checkpoint, second?.journal], [at, undefined])
    },
  },
  {
    name: 'of a lease at LATEST the first record that was read is kept, until a checkpoint follows',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const latest = { sequence: 'LATEST', subSequence: 0 }
      const read = await table.checkpoint(mine, { checkpoint: latest, journal: undefined, first: '7' })
      assert.deepEqual([read?.checkpoint, read?.first], [latest, '7'])
      assert.ok(read !== undefined)
      assert.equal((await table.renew(read))?.first, '7')
      const seen = (await table.scan()).leases.find(({ key }) => key === mine.key)
      assert.ok(seen !== undefined)
      const done = { checkpoint: { sequence: '7', subSequence: 0 }, journal: undefined }
      assert.equal((await table.checkpoint(seen, done))?.first, undefined)
    },
  },
  {
    name: 'a released lease is free at once, and keeps its checkpoint',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const done = await table.checkpoint(mine, {
        checkpoint: { sequence: '7', subSequence: 0 },
        journal: undefined,
      })
      assert.ok(done !== undefined)
      await table.release(done)
      const [lease] = (await table.scan()).leases
      assert.deepEqual([lease?.owner, lease?.checkpoint.sequence], [undefined, '7'])
      assert.ok(lease !== undefined && !('process' in lease))
    },
  },
  {
    name: 'an ended shard names its children',
    run: async (table) => {
      const mine = await taken(table, 'w1')
      const ended = await table.checkpoint(mine, {
        checkpoint: { sequence: 'SHARD_END', subSequence: 0 },
        journal: undefined,
        children: ['shardId-000000000001', 'shardId-000000000002'],
      })
      assert.equal(ended?.checkpoint.sequence, 'SHARD_END')
    },
  },
  {
    name: 'a malformed row is left out, and told by its key, its place and what is wrong with it',
    run: async (table, put) => {
      const mine = await taken(table, 'w1')
      const shard = 'shardId-000000000004'
      const key = leaseKey(fresh.stream, shard)
      const { checkpoint: _, ...rest } = itemOf({ ...fresh, shard }, 'app')
      const { leaseCounter: __, ...uncounted } = rest
      const hostile: readonly (readonly [item: Item, problems: readonly string[]])[] = [
        [
          { ...rest, leaseCounter: { S: '7' } },
          [
            "'leaseCounter' is S (1 characters): expected N, a whole number",
            "'checkpoint' is missing: expected S, a sequence number, TRIM_HORIZON, LATEST, AT_TIMESTAMP or SHARD_END",
          ],
        ],
        [
          { ...uncounted, checkpoint: { S: '12ab' } },
          [
            "'leaseCounter' is missing: expected N, a whole number",
            "'checkpoint' is S (4 characters): expected S, a sequence number, TRIM_HORIZON, LATEST, AT_TIMESTAMP or SHARD_END",
          ],
        ],
        [
          { ...itemOf({ ...fresh, shard }, 'app'), parentShardId: { L: [{ S: 'shardId-000000000000' }] } },
          ["'parentShardId' is L (1 values): expected SS, ids of shards"],
        ],
      ]
      for (const [item, problems] of hostile) {
        await put(item)
        const place = { stream: fresh.stream, shard }
        assert.deepEqual(await table.scan(), {
          leases: [mine],
          malformed: [{ key, place, problems }],
          movedOn: undefined,
        })
        assert.equal(await table.checkpointOf(key), item.checkpoint?.S ?? '')
        await table.create({ ...fresh, shard })
        assert.deepEqual((await table.scan()).leases, [mine])
      }
      await put({ leaseKey: { S: 'a:b' } })
      assert.ok((await table.scan()).malformed.some((row) => row.key === 'a:b' && row.place === undefined))
      await put(itemOf({ ...fresh, shard }, 'app'))
      assert.equal((await table.scan()).leases.length, 2)
    },
  },
  {
    name: 'a lease whose row somebody has spoilt is neither renewed nor checkpointed on a guess, and not taken',
    run: async (table, put) => {
      const mine = await taken(table, 'w1')
      const item = itemOf(fresh, 'app')
      await put({ ...item, leaseOwner: { S: 'w1' }, leaseCounter: { S: String(mine.counter) } })
      const checkpoint = { sequence: '7', subSequence: 0 }
      assert.equal(await table.renew(mine), undefined)
      assert.equal(await table.checkpoint(mine, { checkpoint, journal: undefined }), undefined)
      assert.equal(await table.take(mine, 'w2'), undefined)
      await table.release(mine)
      await put(item)
      const [lease] = (await table.scan()).leases
      assert.deepEqual([lease?.key, lease?.checkpoint.sequence], [mine.key, 'TRIM_HORIZON'])
    },
  },
]

const fresh: NewLease = {
  stream: '000000000000:clients-cdc:1796000000',
  shard: 'shardId-000000000003',
  checkpoint: 'TRIM_HORIZON',
  parents: ['shardId-000000000000'],
  hashRange: ['0', '340282366920938463463374607431768211455'],
}

async function created(table: LeaseTable) {
  await table.create(fresh)
  const [lease] = (await table.scan()).leases
  assert.ok(lease !== undefined)
  return lease
}

async function taken(table: LeaseTable, owner: string) {
  const lease = await table.take(await created(table), owner, `${owner}/1`)
  assert.ok(lease !== undefined)
  return lease
}
