/** F14: what a lane or a schedule does part by part: each part has the attempts that were promised, whoever dies and whenever. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRedrive, type Position, type StreamRecord, tickEnvelope } from '../../src/engine.ts'
import { type Reactor, reactor } from '../../src/index.ts'
import { memoryDeadLetters, memoryEvents, memoryState, virtualClock } from '../../src/memory/index.ts'
import type { StateStore } from '../../src/ports/index.ts'
import { arrived, engineOf, idle, inserted, pass, record, saved, worker } from '../bench.ts'

const ATTEMPTS = 3

/** One owner after the other: each takes a checkpoint and dies at its time, and the next goes on from the checkpoint. */
const given = fc.record({
  /** How often each part fails, always less than it may. */
  fails: fc.array(fc.integer({ min: 0, max: ATTEMPTS - 1 }), { minLength: 2, maxLength: 4 }),
  owners: fc.array(
    fc.record({
      checkpoint: fc.integer({ min: 0, max: 4_000 }),
      /** The store's call at which it dies. */
      dies: fc.integer({ min: 1, max: 14 }),
    }),
    { maxLength: 4 },
  ),
})

function bench() {
  const clock = virtualClock(new Date('2026-01-01T10:00:00Z'))
  const memory = memoryState({ clock })
  const letters = memoryDeadLetters()
  const never = () => new Promise<never>(() => {})
  const owner = (app: Reactor, dies: number) => {
    let calls = 0
    const alive = () => calls < dies
    const asked = async <T>(call: () => Promise<T>): Promise<T> => {
      if (!alive()) return never()
      calls += 1
      const answer = await call()
      return alive() ? answer : never()
    }
    const state: StateStore = {
      get: (key) => asked(() => memory.get(key)),
      set: (...args) => asked(() => memory.set(...args)),
      delete: (...args) => asked(() => memory.delete(...args)),
    }
    const deadLetters = {
      ...letters,
      letters: letters.letters,
      put: (...args: Parameters<typeof letters.put>) => asked(() => letters.put(...args)),
      remove: (id: string) => asked(() => letters.remove(id)),
    }
    return { ...engineOf(app, { clock, state, deadLetters }), alive }
  }
  /** Hands the page from owner to owner until it is done. */
  const run = async (
    app: () => Reactor,
    page: readonly StreamRecord[],
    owners: readonly { readonly checkpoint: number; readonly dies: number }[],
  ) => {
    let kept: { readonly journal?: string; readonly after?: Position } = {}
    for (const { checkpoint, dies } of [...owners, { checkpoint: 60_000, dies: Number.POSITIVE_INFINITY }]) {
      const { engine, alive } = owner(app(), dies)
      const delivery = await engine.open(worker, { ...kept, isHeld: alive })
      void delivery.push(page)
      await pass(clock, checkpoint)
      const { journal, watermark, complete } = delivery
      if (alive())
        kept = {
          ...(journal === undefined ? {} : { journal }),
          ...(watermark === undefined ? {} : { after: watermark }),
        }
      await pass(clock, 20_000)
      delivery.revoke(new Error('died'))
      await idle()
      if (complete) return
    }
    throw new Error('not complete')
  }
  return { clock, letters, run }
}

test('F14: letters that fail less often than they may are all drained, whoever dies and whenever', async () => {
  await fc.assert(
    fc.asyncProperty(given, async ({ fails, owners }) => {
      const { clock, letters, run } = bench()
      const sink = memoryEvents()
      const failed = new Map<number, number>()
      const done: number[] = []
      let isParking = true
      const app = () =>
        reactor('r', { retry: { attempts: ATTEMPTS, base: '1s', max: '1s' }, whenExhausted: 'park' }).on(
          'post',
          saved,
          (e) => {
            const { n } = e.after
            if (isParking) throw new Error('no')
            const times = failed.get(n) ?? 0
            if (times < (fails[n - 1] ?? 0)) {
              failed.set(n, times + 1)
              throw new Error('not yet')
            }
            done.push(n)
          },
        )
      await run(
        app,
        fails.map((_, i) => inserted(i + 1, 'a')),
        [],
      )
      expect(letters.letters).toHaveLength(fails.length)
      isParking = false
      await createRedrive({ application: 'app', deadLetters: letters, events: sink, clock }).lane(
        letters.letters[0]?.id ?? '',
      )
      await run(app, [arrived(fails.length + 1, sink.records[0])], owners)
      expect([letters.letters, [...new Set(done)]]).toEqual([[], fails.map((_, i) => i + 1)])
    }),
    { numRuns: 150 },
  )
})

test('F14: windows that fail less often than they may are all handled, whoever dies and whenever', async () => {
  await fc.assert(
    fc.asyncProperty(given, async ({ fails, owners }) => {
      const { letters, run } = bench()
      const failed = new Map<string, number>()
      const done: string[] = []
      const app = () =>
        reactor('r', { retry: { attempts: ATTEMPTS, base: '1s', max: '1s' } }).every(
          'count',
          { each: '5m', catchUp: 'all' },
          (e) => {
            const at = e.to.toISOString().slice(11, 16)
            const times = failed.get(at) ?? 0
            const index = (e.to.getTime() / 300_000) % fails.length
            if (times < (fails[index] ?? 0)) {
              failed.set(at, times + 1)
              throw new Error('not yet')
            }
            done.push(at)
          },
        )
      const tick = (sequence: number, at: string) =>
        record(
          sequence,
          tickEnvelope({ application: 'app', route: 'r/count', scheduled: `2026-01-01T${at}:00.000Z` }),
        )
      await run(app, [tick(1, '09:30')], [])
      // One tick for all of the windows since.
      await run(app, [tick(2, '09:55')], owners)
      expect(letters.letters).toEqual([])
      expect([...new Set(done)]).toEqual(['09:30', '09:35', '09:40', '09:45', '09:50', '09:55'])
    }),
    { numRuns: 150 },
  )
})
