/** What routes with bounds may cost the others, in their shard and in the process. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, idle, inserted, record, saved, worker } from '../../test/bench.ts'
import { entity, marshal, type RouteOptions, reactor } from '../index.ts'

const schema = z.object({ id: z.string(), ms: z.number().default(0) })
const Plain = entity('plain', { table: 'plain', key: 'id', schema })
const Rated = entity('rated', { table: 'rated', key: 'id', schema })
/** Milliseconds of a handler that never ends. */
const NEVER = -1

const of =
  (table: string) =>
  (sequence: number, id: string, ms = 0) =>
    record(sequence, {
      eventName: 'INSERT',
      tableName: table,
      dynamodb: {
        ApproximateCreationDateTime: 1_796_000_000_000_000,
        Keys: marshal({ id }),
        NewImage: marshal({ id, ms }),
      },
    })
const [plain, rated] = [of('plain'), of('rated')]

/** Shards of two places each; all that starts is noted with its time. */
function bench(rate: NonNullable<RouteOptions['rate']> = '10/s') {
  const starts: { readonly id: string; readonly at: number }[] = []
  const { engine, clock, pass } = engineOf(
    reactor('r')
      .on('plain', Plain.saved('plain.saved'), (e) => run(e.after.id, e.after.ms), { timeout: '5s' })
      .on('rated', Rated.saved('rated.saved'), (e) => run(e.after.id, 0), { rate })
      .on('bounded', saved, (e) => run(e.after.id, e.after.n < 0 ? -e.after.n : 100), {
        concurrency: 2,
      }),
    { concurrency: 2 },
  )
  const began = clock.monotonic()
  async function run(id: string, ms: number) {
    starts.push({ id, at: clock.monotonic() - began })
    if (ms === NEVER) await new Promise(() => {})
    else await clock.sleep(ms)
  }
  const open = (n: number) => engine.open({ ...worker, shard: `shardId-${n}` })
  /** In steps, as time passes. */
  const passing = async (seconds: number) => {
    for (let n = 0; n < seconds; n += 1) await pass(1_000)
  }
  return { starts, open, pass, passing }
}

/** All that was pushed has been taken in. */
async function taken(): Promise<void> {
  for (let n = 0; n < 20; n += 1) await idle()
}

/** The longest time in which nothing of them started. */
function longestGap(starts: readonly { readonly at: number }[]): number {
  return Math.max(...starts.map(({ at }, i) => at - (starts[i - 1]?.at ?? 0)))
}

test('a plain record does not wait for the backlog of a route with a concurrency in its shard', async () => {
  const { starts, open, pass, passing } = bench()
  const [other, own] = [await open(1), await open(2)]
  await other.push([inserted(1, 'y1'), inserted(2, 'y2')])
  void own.push(Array.from({ length: 500 }, (_, i) => inserted(i + 1, `x${i}`)))
  await taken()
  await pass(150)
  void own.push([plain(1_000, 'plain')])
  await passing(60)
  expect(starts.findIndex(({ id }) => id === 'plain')).toBeLessThan(10)
  expect(starts).toHaveLength(503)
})

test('nor for lanes whose turn came while the shard had no place', async () => {
  const { starts, open, pass, passing } = bench()
  const [other, own] = [await open(1), await open(2)]
  await other.push([inserted(1, 'y1'), inserted(2, 'y2')])
  void own.push(Array.from({ length: 1_000 }, (_, i) => inserted(i + 1, `x${i}`)))
  await taken()
  void own.push([plain(2_001, 'first', 120), plain(2_002, 'second', 120)])
  await pass(250)
  void own.push([plain(2_003, 'plain')])
  await passing(120)
  expect(starts.find(({ id }) => id === 'plain')?.at).toBeLessThan(1_000)
  expect(own.complete).toBe(true)
})

test('a shard that keeps its turn until it has a place gets the next place, whatever else is ready', async () => {
  const { starts, open, pass, passing } = bench('1/s')
  const [x, y, z] = [await open(1), await open(2), await open(3)]
  // Longer than it takes until the first shard may keep a turn.
  await y.push([inserted(1, 'y1', { n: -9_500 }), inserted(2, 'y2', { n: -9_500 })])
  void x.push(Array.from({ length: 600 }, (_, i) => inserted(i + 1, `x${i}`)))
  await z.push([rated(1, 'z0')])
  await taken()
  void x.push([rated(1_001, 'own')])
  await taken()
  void z.push(Array.from({ length: 60 }, (_, i) => rated(i + 2, `z${i + 1}`)))
  await pass(500)
  for (let n = 0; n < 12; n += 1) {
    void x.push([plain(2_000 + n * 2, `s${n}`, 1_000), plain(2_001 + n * 2, `t${n}`, 1_000)])
    await pass(1_000)
  }
  await passing(120)
  const all = starts.filter(({ id }) => id.startsWith('z') || id === 'own')
  expect(all).toHaveLength(62)
  expect(all.findIndex(({ id }) => id === 'own')).toBeLessThan(15)
  expect(longestGap(all)).toBeLessThan(3_000)
})

test('a shard whose places are all taken for good keeps no turn', async () => {
  const { starts, open, pass, passing } = bench('1/s')
  const [x, z] = [await open(1), await open(2)]
  await z.push([rated(1, 'z0')])
  void x.push([rated(1_001, 'own')])
  await taken()
  void z.push(Array.from({ length: 60 }, (_, i) => rated(i + 2, `z${i + 1}`)))
  void x.push([plain(2_000, 'deaf', NEVER), plain(2_001, 'deaf too', NEVER)])
  await pass(100)
  await passing(120)
  const all = starts.filter(({ id }) => id.startsWith('z'))
  expect(all).toHaveLength(61)
  expect(longestGap(all)).toBeLessThan(2_000)
})

test('a record of an idle shard starts though a full one has the turn', async () => {
  const { starts, open, pass, passing } = bench('1/s')
  const [x, z] = [await open(1), await open(2)]
  void x.push([rated(1, 'x0'), rated(2, 'x1'), plain(3, 'deaf', NEVER), plain(4, 'deaf too', NEVER)])
  await passing(5)
  void z.push([rated(1, 'late')])
  await pass(0)
  expect(starts.at(-1)?.id).toBe('late')
})
