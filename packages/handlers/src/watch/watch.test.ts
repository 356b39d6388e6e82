import { type Duration, Permanent, reactor, Unavailable } from '@spaceship/core'
import { tickEnvelope } from '@spaceship/core/engine'
import { memoryState } from '@spaceship/core/memory'
import type { StateStore } from '@spaceship/core/ports'
import { harness } from '@spaceship/core/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSearch } from '../opensearch/index.ts'
import { type WatchAlert, type WatchOptions, watch } from './index.ts'

type Given = Omit<Partial<WatchOptions>, 'above'> & { readonly withState?: (state: StateStore) => StateStore }

/** Windows of 5 minutes; the first one that is seen ends at 2026-01-01T00:00Z. */
function post({ withState = (state) => state, ...given }: Given = {}) {
  const alerts: WatchAlert[] = []
  let value: number | undefined = 0
  let measured = 0
  const ship = harness(({ state }) =>
    reactor('error-watch').every(
      'count',
      { each: '5m', delay: '30s' },
      watch({
        application: 'harness',
        state: withState(state),
        measure: () => {
          measured += 1
          return value
        },
        ...(given.when === undefined ? { above: 100 } : {}),
        alert: (alert) => void alerts.push(alert),
        ...given,
      }),
    ),
  )
  return {
    ship,
    alerts,
    get told() {
      return alerts.map(({ status }) => status)
    },
    get measured() {
      return measured
    },
    /** In the next window; the first one takes a minute. */
    sees: async (next: number | undefined, time: Duration = '5m') => {
      value = next
      await ship.advance(time)
    },
  }
}

test('errors above the threshold are told once, also if the tick is repeated, and the next quiet window says that it is over', async () => {
  const bench = post()
  await bench.sees(0, '1m')
  await bench.sees(120)
  for (const as of ['redelivery', 'duplicates', 'crash'] as const) await bench.ship.redeliver({ as })
  await bench.sees(120)
  expect(bench.told).toEqual(['firing'])
  await bench.sees(7)
  await bench.ship.redeliver({ as: 'duplicates' })
  expect(bench.alerts).toEqual([
    {
      id: `tick/error-watch/count/${Date.parse('2026-01-01T00:05Z')}/firing`,
      status: 'firing',
      value: 120,
      from: new Date('2026-01-01T00:00Z'),
      to: new Date('2026-01-01T00:05Z'),
      since: new Date('2026-01-01T00:00Z'),
      lasted: 300_000,
    },
    {
      id: `tick/error-watch/count/${Date.parse('2026-01-01T00:15Z')}/over`,
      status: 'over',
      value: 7,
      from: new Date('2026-01-01T00:10Z'),
      to: new Date('2026-01-01T00:15Z'),
      since: new Date('2026-01-01T00:00Z'),
      lasted: 600_000,
    },
  ])
})

test('a search that fails is no recovery: the window waits, and is measured when the search is back', async () => {
  let answer: 'all' | 'part' | 'nothing' = 'all'
  // Of the client, `transport.request` alone is used.
  const client = {
    transport: {
      request: () => {
        const shards = { total: 5, successful: answer === 'part' ? 3 : 5, failed: answer === 'part' ? 2 : 0 }
        const result =
          answer === 'nothing'
            ? Promise.reject(new Error('socket hang up'))
            : Promise.resolve({
                statusCode: 200,
                body: { count: answer === 'all' ? 120 : 60, _shards: shards },
              })
        return Object.assign(result, { abort: () => {} })
      },
    },
  }
  const search = createSearch({ client })
  const bench = post({
    measure: async (_, { signal }) => (await search.count('logs-*', { match_all: {} }, { signal })).total,
  })
  await bench.sees(0, '1m')
  expect(bench.told).toEqual(['firing'])
  for (const failing of ['part', 'nothing'] as const) {
    answer = failing
    await bench.ship.advance('15m')
    expect(bench.told).toEqual(['firing'])
    expect(bench.ship.pending.length).toBeGreaterThan(0)
  }
  answer = 'all'
  await bench.ship.advance('5m')
  expect(bench.told).toEqual(['firing'])
  expect(bench.ship.deadLetters).toEqual([])
})

test('a document that is found a second after its window is counted in it: the delay waits for it', async () => {
  const found = [
    { at: '2026-01-01T00:04:59.900Z', indexed: '2026-01-01T00:05:01Z' },
    { at: '2026-01-01T00:05:00Z', indexed: '2026-01-01T00:05:00Z' },
  ].map(({ at, indexed }) => ({ at: Date.parse(at), indexed: Date.parse(indexed) }))
  const counted: string[] = []
  const bench = post({
    measure: ({ from, to }) => {
      const now = bench.ship.now.getTime()
      const own = found.filter(
        ({ at, indexed }) => at >= from.getTime() && at < to.getTime() && indexed <= now,
      )
      counted.push(`${from.toISOString().slice(11, 16)} ${own.length}`)
      return own.length
    },
  })
  await bench.ship.advance('11m')
  expect(counted.slice(-2)).toEqual(['00:00 1', '00:05 1'])
})

test('an alert that nobody took is told before the next window is looked at, word for word', async () => {
  let isDown = true
  const taken: WatchAlert[] = []
  const bench = post({
    alert: (alert) => {
      if (isDown) throw new Permanent('the channel is archived')
      taken.push(alert)
    },
  })
  await bench.sees(120, '1m')
  expect(bench.ship.deadLetters).toHaveLength(1)
  isDown = false
  await bench.sees(0)
  expect(taken.map(({ status, value }) => [status, value])).toEqual([
    ['firing', 120],
    ['over', 0],
  ])
  await bench.ship.redrive('all')
  expect(taken).toHaveLength(2)
})

test('an attempt that failed between alert and write tells it again under the same id, without measuring again', async () => {
  let fails = 0
  const bench = post({
    withState: (state) => ({
      ...state,
      set: async (key, value, options) => {
        if (
          key.includes('/watch/') &&
          value.pending === undefined &&
          value.status === 'firing' &&
          fails++ < 1
        )
          throw new Unavailable('state', 'the write was lost')
        return state.set(key, value, options)
      },
    }),
  })
  await bench.sees(120, '1m')
  await bench.ship.advance('2m')
  expect(bench.measured).toBe(1)
  expect(bench.told).toEqual(['firing', 'firing'])
  expect(bench.alerts[1]).toEqual(bench.alerts[0])
})

test('an alert that was told as its attempt ended is not told again', async () => {
  const told: string[] = []
  const bench = post({
    alert: ({ status }, { signal }) =>
      new Promise<void>((resolve) => {
        told.push(status)
        // Slack's answer came as late as that.
        if (told.length === 1) signal.addEventListener('abort', () => resolve())
        else resolve()
      }),
  })
  await bench.sees(120, '1m')
  await bench.ship.advance('3m')
  expect(told).toEqual(['firing'])
  await bench.sees(0)
  expect(told).toEqual(['firing', 'over'])
})

test.each(['claim', 'effect', 'complete'] as const)(
  'a process that dies at %s leaves no alert untold, and no other than a repeat',
  async (point) => {
    const bench = post()
    bench.ship.crash(point)
    await bench.sees(120, '1m')
    await bench.ship.advance('3m')
    expect(new Set(bench.alerts.map(({ id }) => id)).size).toBe(1)
    await bench.sees(0)
    expect(bench.told.at(-1)).toBe('over')
  },
)

test('who loses the race for a window to another process tells nothing of his own', async () => {
  const shared = memoryState()
  const key = 'harness/watch/error-watch/count'
  const bench = post({
    withState: () => shared,
    measure: async (tick) => {
      // Another process looks at the same window meanwhile.
      await shared.set(key, { status: 'ok', to: tick.to.getTime() }, { expect: undefined })
      return 120
    },
  })
  await bench.sees(0, '1m')
  expect(bench.told).toEqual([])
  bench.ship.expect('error-watch/count', { skipped: 1 })
})

test('what is no number is refused, and nothing is decided', async () => {
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, '120']) {
    // A caller without types may answer a text.
    const bench = post({ measure: () => wrong as number })
    await bench.sees(0, '1m')
    expect(bench.ship.deadLetters).toMatchObject([{ reason: 'permanent' }])
    expect(bench.told).toEqual([])
  }
})

test('a function may say what is too high', async () => {
  const bench = post({ when: (value) => value < 1 })
  await bench.sees(0, '1m')
  await bench.sees(1)
  expect(bench.told).toEqual(['firing', 'over'])
})

test('no data is told where that was asked for', async () => {
  const bench = post({ onNoData: 'alert', realert: '10m' })
  await bench.sees(undefined, '1m')
  await bench.sees(undefined, '10m')
  await bench.sees(3)
  expect(bench.alerts.map(({ status, value }) => [status, value])).toEqual([
    ['no-data', undefined],
    ['no-data', undefined],
    ['over', 3],
  ])
})

test('property: ticks in any order, however often, tell what the windows tell that are newer than all before them', async () => {
  const windows = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 })
  const highs = fc.uniqueArray(fc.integer({ min: 1, max: 12 }))
  await fc.assert(
    fc.asyncProperty(windows, highs, async (order, high) => {
      const length = 5 * 60_000
      // A tick that comes before its time is no tick: all of these are past.
      const endOf = (n: number) => Date.parse('2026-01-01T00:00Z') - (13 - n) * length
      const ends = new Set(high.map(endOf))
      const bench = post({ measure: ({ to }) => (ends.has(to.getTime()) ? 120 : 0) })
      for (const n of order) {
        const scheduled = new Date(endOf(n) + 30_000).toISOString()
        await bench.ship.deliver(
          tickEnvelope({ application: 'harness', route: 'error-watch/count', scheduled }),
        )
      }
      const seen = order.filter((n, i) => order.slice(0, i).every((before) => before < n))
      const changes = seen.filter((n, i) => high.includes(n) !== high.includes(seen[i - 1] ?? 0))
      expect(bench.told).toEqual(changes.map((n) => (high.includes(n) ? 'firing' : 'over')))
    }),
    { numRuns: 30 },
  )
})
