import { PutRecordCommand, PutRecordsCommand, type Shard } from '@aws-sdk/client-kinesis'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytes, type KinesisRig, kinesisRig, textOf } from '../../test/kinesis.ts'

const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ does: fc.constant('put' as const), count: fc.integer({ min: 1, max: 12 }) }),
    },
    fc.record({
      does: fc.constantFrom('split' as const, 'merge' as const, 'scale' as const),
      which: fc.nat(20),
    }),
  ),
  { minLength: 3, maxLength: 9 },
)

/** Shards in such an order that parents come first; each is read to its end, or to the tip if it is open. */
async function readAll(kinesis: KinesisRig): Promise<string[]> {
  const all = await kinesis.shards()
  const read = new Set<string | undefined>()
  const texts: string[] = []
  while (read.size < all.length) {
    const next = all.find(
      ({ ShardId, ParentShardId, AdjacentParentShardId }) =>
        !read.has(ShardId) && [ParentShardId, AdjacentParentShardId].every((id) => !id || read.has(id)),
    )
    texts.push(...(await textsOf(kinesis, next)))
    read.add(next?.ShardId)
  }
  return texts
}

async function textsOf(kinesis: KinesisRig, shard: Shard | undefined): Promise<string[]> {
  const { ShardId, SequenceNumberRange: range } = shard ?? {}
  if (range?.EndingSequenceNumber) return (await kinesis.drain(ShardId)).texts
  const { Records = [] } = await kinesis.get(await kinesis.iterator({ ShardId }))
  return Records.map(({ Data }) => textOf(Data))
}

/** Puts records, one after the other, until the work is done: they meet it at every stage. */
async function puttingDuring(kinesis: KinesisRig, sent: string[], work: () => Promise<unknown>) {
  let isDone = false
  const working = work().finally(() => {
    isDone = true
  })
  while (!isDone) {
    const text = String(sent.length)
    sent.push(text)
    await kinesis.put(text, { PartitionKey: `key-${text}` })
  }
  await working
}

/** A batch of records, of which the first one goes on its own. */
async function putMany(kinesis: KinesisRig, sent: string[], count: number) {
  const texts = Array.from({ length: count }, (_, index) => String(sent.length + index))
  sent.push(...texts)
  const [first, ...others] = texts.map((text) => ({ PartitionKey: `key-${text}`, Data: bytes(text) }))
  const puts: Promise<unknown>[] = []
  if (first) puts.push(kinesis.client.send(new PutRecordCommand({ StreamName: 's', ...first })))
  if (others.length > 0)
    puts.push(kinesis.client.send(new PutRecordsCommand({ StreamName: 's', Records: others })))
  await Promise.all(puts)
}

describe('a stream whose shards change while records are put', () => {
  it('has every record once, for one who reads parents first', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        await using kinesis = await kinesisRig()
        await kinesis.create({ ShardCount: 2 })
        const sent: string[] = []
        const batches: Promise<void>[] = []
        for (const step of plan) {
          // What is put is on its way while the shards change.
          if (step.does === 'put') batches.push(putMany(kinesis, sent, step.count))
          else await puttingDuring(kinesis, sent, () => change(kinesis, step))
        }
        await Promise.all(batches)
        const read = await readAll(kinesis)
        expect(read.toSorted()).toEqual(sent.toSorted())
      }),
      { numRuns: 8 },
    )
  })

  it('is read to the end by one who follows the children while it goes on', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create({ ShardCount: 2 })
    const sent: string[] = []
    let isOver = false
    const reading = follow(kinesis, () => isOver)
    await puttingDuring(kinesis, sent, async () => {
      for (const target of [4, 7, 4, 2, 1, 2]) await kinesis.scale(target)
    })
    isOver = true
    const read = await reading
    expect(read.toSorted()).toEqual(sent.toSorted())
  })

  it('keeps the order of a key across the shards that it goes through', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create({ ShardCount: 2 })
    const sent: string[] = []
    for (const target of [4, 3, 6, 3]) {
      for (const text of ['a', 'b', 'c']) {
        sent.push(`${target}${text}`)
        await kinesis.put(`${target}${text}`)
      }
      await kinesis.scale(target)
    }
    expect(await readAll(kinesis)).toEqual(sent)
  })
})

/**
 * What a consumer reads that begins with the oldest shards, and goes on with the children of each, once all of their parents have ended.
 * It ends at a round that finds nothing on any shard and began after all was put.
 */
async function follow(kinesis: KinesisRig, isOver: () => boolean): Promise<string[]> {
  const texts: string[] = []
  const ended = new Set<string>()
  const begun = new Set<string>()
  const iterators = new Map<string, string | undefined>()
  const begin = async (ShardId: string) => {
    if (begun.has(ShardId)) return
    begun.add(ShardId)
    iterators.set(ShardId, await kinesis.iterator({ ShardId }))
  }
  const roots = await kinesis.shards({ ShardFilter: { Type: 'AT_TRIM_HORIZON' } })
  for (const { ShardId = '' } of roots) await begin(ShardId)
  for (;;) {
    const isLast = isOver()
    const before = texts.length + ended.size
    for (const [id, iterator] of [...iterators]) {
      const page = await kinesis.get(iterator)
      texts.push(...(page.Records ?? []).map(({ Data }) => textOf(Data)))
      iterators.set(id, page.NextShardIterator)
      if (page.NextShardIterator) continue
      iterators.delete(id)
      ended.add(id)
      for (const { ShardId = '', ParentShards = [] } of page.ChildShards ?? [])
        if (ParentShards.every((parent) => ended.has(parent))) await begin(ShardId)
    }
    if (isLast && texts.length + ended.size === before) return texts
  }
}

async function change(
  kinesis: KinesisRig,
  step: { readonly does: 'split' | 'merge' | 'scale'; readonly which: number },
) {
  const open = (await kinesis.shards({ ShardFilter: { Type: 'AT_LATEST' } })).toSorted((one, other) =>
    BigInt(one.HashKeyRange?.StartingHashKey ?? 0) < BigInt(other.HashKeyRange?.StartingHashKey ?? 0)
      ? -1
      : 1,
  )
  const at = step.which % open.length
  const [shard, neighbour] = [open[at], open[at + 1]]
  const { StartingHashKey: from = '0', EndingHashKey: to = '0' } = shard?.HashKeyRange ?? {}
  if (step.does === 'split') await kinesis.split(shard?.ShardId, (BigInt(from) + BigInt(to)) / 2n)
  else if (step.does === 'merge' && neighbour) await kinesis.merge(shard?.ShardId, neighbour.ShardId)
  else if (step.does === 'scale') {
    const least = Math.ceil(open.length / 2)
    await kinesis.scale(least + (step.which % (open.length * 2 - least + 1)))
  }
}
