/** Routes with bounds in several shards of a process: every turn is used by somebody who can, and nobody exceeds a bound. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { engineOf, inserted, saved, worker } from '../../test/bench.ts'
import { batch, type RouteOptions, reactor, Unavailable } from '../index.ts'

interface Arrival {
  readonly shard: number
  readonly lane: number
  readonly gap: number
  /** Milliseconds of its handler on each route; between 400 and 500 it fails once first, beyond 450 as an outage. */
  readonly takes: readonly number[]
}

interface Scenario {
  readonly concurrency: number
  readonly bound: number
  readonly perSecond: number
  readonly shards: number
  readonly arrivals: readonly Arrival[]
  /** A shard that is lost: before which record, or after the last one and so many milliseconds. */
  readonly lost: { readonly shard: number; readonly at: number; readonly after: number } | undefined
  readonly pauses: boolean
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  concurrency: fc.integer({ min: 1, max: 3 }),
  bound: fc.integer({ min: 1, max: 2 }),
  perSecond: fc.constantFrom(2, 10, 50),
  shards: fc.integer({ min: 1, max: 3 }),
  arrivals: fc.array(
    fc.record({
      shard: fc.nat(2),
      lane: fc.nat(5),
      gap: fc.constantFrom(0, 0, 0, 30, 400),
      takes: fc.array(fc.oneof(fc.nat(500), fc.nat(20), fc.constantFrom(2_000, 9_000)), {
        minLength: 4,
        maxLength: 4,
      }),
    }),
    { minLength: 1, maxLength: 40 },
  ),
  lost: fc.option(fc.record({ shard: fc.nat(2), at: fc.nat(60), after: fc.nat(3_000) }), { nil: undefined }),
  pauses: fc.boolean(),
})

const ROUTES = ['rated', 'bounded', 'slow', 'gathered'] as const

async function fly({ concurrency, bound, perSecond, shards, arrivals, lost, pauses }: Scenario) {
  const running = new Map<string, number>()
  const starts: number[] = []
  const order = new Map<string, number[]>()
  const failed = new Set<string>()

  async function handle(
    route: (typeof ROUTES)[number],
    e: { readonly key: string; readonly after: { readonly n: number } },
  ) {
    const { n } = e.after
    const of = `${route} ${n}`
    const takes = arrivals[n - 1]?.takes[ROUTES.indexOf(route)] ?? 0
    running.set(route, (running.get(route) ?? 0) + 1)
    if (route === 'bounded') expect(running.get(route)).toBeLessThanOrEqual(bound)
    if (route === 'rated') starts.push(clock.monotonic())
    try {
      // Some answer at once.
      if (takes > 100) await clock.sleep(takes)
      if (takes > 400 && takes <= 500 && !failed.has(of)) {
        failed.add(of)
        throw takes > 450 ? new Unavailable(`what ${route} needs`) : new Error('once')
      }
      const lane = `${route} ${e.key}`
      order.set(lane, [...(order.get(lane) ?? []), n])
    } finally {
      running.set(route, (running.get(route) ?? 0) - 1)
    }
  }

  const options: Partial<Record<(typeof ROUTES)[number], RouteOptions>> = {
    rated: { rate: `${perSecond}/s` },
    bounded: { concurrency: bound },
    gathered: { rate: `${perSecond}/s`, concurrency: 1 },
  }
  const app = reactor('r', { retry: { attempts: 5, base: '100ms', max: '500ms' } })
    .on('rated', saved, (e) => handle('rated', e), options.rated)
    .on('bounded', saved, (e) => handle('bounded', e), options.bounded)
    .on('slow', saved, (e) => handle('slow', e))
    .on(
      'gathered',
      saved,
      batch({ size: 3, within: '50ms' }, async (events) => {
        for (const e of events) await handle('gathered', e)
      }),
      options.gathered,
    )
  const { engine, clock, pass } = engineOf(app, { concurrency, maxPause: '1h' })
  const open = () =>
    Promise.all(Array.from({ length: shards }, (_, n) => engine.open({ ...worker, shard: `shardId-${n}` })))
  const deliveries = await open()
  const gone = lost === undefined ? -1 : lost.shard % shards
  let isLost = false
  const lose = () => {
    isLost = true
    deliveries[gone]?.revoke(new Error('lost'))
  }
  for (const [i, { shard, lane, gap }] of arrivals.entries()) {
    const at = shard % shards
    if (lost?.at === i) lose()
    if (pauses && i % 7 === 0) engine.pause('r/bounded')
    if (pauses && i % 7 === 3) engine.resume('r/bounded')
    // A lane is of one shard.
    if (!(isLost && at === gone)) void deliveries[at]?.push([inserted(i + 1, `${at}-${lane}`)])
    if (gap > 0) await pass(gap)
  }
  engine.resume('r/bounded')
  if (lost !== undefined && !isLost) {
    await pass(lost.after)
    lose()
  }
  for (
    let round = 0;
    round < 200 && !deliveries.every((each, n) => each.complete || (isLost && n === gone));
    round += 1
  )
    await pass(1_000)
  for (const [n, each] of deliveries.entries())
    if (!(isLost && n === gone)) expect([n, each.complete, each.waitsFor]).toEqual([n, true, undefined])
  for (const numbers of order.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  // Even spacing, but for a start that comes a little late.
  for (const [i, start] of starts.entries())
    if (i >= 2) expect(start - (starts[i - 2] ?? 0)).toBeGreaterThanOrEqual(1_000 / perSecond - 1)
}

test('property: whatever is bounded, slow, paused, down or lost: all else ends, in order, and within its bounds', async () => {
  await fc.assert(fc.asyncProperty(scenario, fly), { numRuns: 150 })
}, 60_000)
