/** F1, F2 and F6 by property: whatever a batch holds and however its invocations are cut, what was done is done once. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Position, StreamRecord } from '../../src/engine.ts'
import { reactor } from '../../src/index.ts'
import { memoryState, virtualClock } from '../../src/memory/index.ts'
import type { StateStore, StateValue } from '../../src/ports/index.ts'
import { aggregate } from '../aggregate.ts'
import { engineOf, inserted, lambda, pass, saved, settled } from '../bench.ts'

const key = fc.constantFrom('a', 'b', 'c')
const given = fc.record({
  /** A plain record, or an aggregate of these keys. */
  records: fc.array(fc.array(key, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 5 }),
  /** What the handlers take, in turn, and how many attempts fail, in turn. */
  takes: fc.array(fc.constantFrom(0, 0, 300, 900, 2_500), { minLength: 1, maxLength: 7 }),
  fails: fc.array(fc.constantFrom(0, 0, 0, 1, 2), { minLength: 1, maxLength: 7 }),
  ahead: fc.constantFrom(1, 3, 10_000),
  /** How long a write of the journal takes. */
  slow: fc.constantFrom(0, 0, 200),
})

const isJournal = (at: string, value: StateValue) => at.includes('/journal/') && value.opens === 0

test('F1, F6: invocations that are cut short go on where they stood: once each, in order, with the attempts of what failed', async () => {
  await fc.assert(
    fc.asyncProperty(given, async ({ records, takes, fails, ahead, slow }) => {
      const clock = virtualClock()
      const memory = memoryState({ clock })
      const under: string[] = []
      const state: StateStore = {
        ...memory,
        set: async (at, value, options) => {
          if (isJournal(at, value)) {
            under.push(at.split('/').at(-1) ?? '')
            await clock.sleep(slow)
          }
          return memory.set(at, value, options)
        },
      }
      const batch: StreamRecord[] = records.map((keys, i) => {
        const [only = ''] = keys
        return keys.length === 1 ? inserted(i + 1, only) : aggregate(i + 1, keys)
      })
      const runs = new Map<string, number>()
      const failed = new Map<string, number>()
      const order = new Map<string, string[]>()
      const app = () =>
        reactor('r', { retry: { attempts: 4, base: '1s', max: '1s' } }).on(
          'see',
          saved,
          async (e, { signal }) => {
            const at = e.source.position
            const turn = Number(at.replace('.', ''))
            await clock.sleep(takes[turn % takes.length] ?? 0, signal)
            signal.throwIfAborted()
            const tried = failed.get(at) ?? 0
            if (tried < (fails[turn % fails.length] ?? 0)) {
              failed.set(at, tried + 1)
              throw new Error('not yet')
            }
            runs.set(at, (runs.get(at) ?? 0) + 1)
            order.set(e.key, [...(order.get(e.key) ?? []), at])
          },
        )
      let rest = batch
      for (let invocation = 0; rest.length > 0; invocation += 1) {
        expect(invocation).toBeLessThan(60)
        const { engine, deadLetters } = engineOf(app(), { clock, state, maxAhead: { records: ahead } })
        const delivery = await engine.open(lambda, { hardEnd: new Date(clock.now() + 8_000) })
        void delivery.push(rest)
        const unfinished: readonly Position[] = await settled(delivery, clock, 6_000)
        expect(deadLetters.letters, 'attempts are those of the record').toEqual([])
        const [first] = unfinished
        if (first !== undefined)
          expect(under.at(-1), 'the journal is kept where it is looked for').toBe(first.sequence)
        // A record of an aggregate brings the whole aggregate again.
        rest = rest.filter(
          ({ sequence }) => first !== undefined && Number(sequence) >= Number(first.sequence),
        )
      }
      const all = records.flatMap((keys, i) =>
        keys.map((k, j) => ({ k, at: keys.length === 1 || j === 0 ? `${i + 1}` : `${i + 1}.${j}` })),
      )
      expect(Object.fromEntries(runs)).toEqual(Object.fromEntries(all.map(({ at }) => [at, 1])))
      for (const [id, seen] of order)
        expect(seen).toEqual(all.filter(({ k }) => `${k}` === id).map(({ at }) => at))
    }),
    { numRuns: 150 },
  )
})

const hangs: Readonly<Record<string, (call: string, at: string, value: StateValue | undefined) => boolean>> =
  {
    'the journal': (call, at) => call === 'set' && at.includes('/journal/'),
    'what takes back a suspicion': (call, at, value) =>
      call === 'set' && at.includes('/suspect/') && Object.keys(value ?? {}).length === 0,
    'every request': () => true,
  }
for (const [what, isHung] of Object.entries(hangs))
  for (const isDone of [true, false])
    test(`F2: ${what} hangs as a reopened batch ends that is ${isDone ? '' : 'not '}done: no answer, and no later than its end`, async () => {
      const clock = virtualClock()
      const memory = memoryState({ clock })
      let isHanging = false
      const asked = <T>(call: string, at: string, value: StateValue | undefined, go: () => Promise<T>) =>
        isHanging && isHung(call, at, value) ? new Promise<T>(() => {}) : go()
      const state: StateStore = {
        get: (at) => asked('get', at, undefined, () => memory.get(at)),
        set: (at, value, options) => asked('set', at, value, () => memory.set(at, value, options)),
        delete: (at, version) => asked('delete', at, undefined, () => memory.delete(at, version)),
      }
      let works = false
      const app = () =>
        reactor('r').on('see', saved, (e) => {
          if (!works) return new Promise<void>(() => {})
          if (e.after.id === 'a' && !isDone) throw new Error('not yet')
          return undefined
        })
      const page = [inserted(1, 'a'), inserted(2, 'b')]
      // Two processes died of it, so the third runs it as a suspect.
      for (let died = 0; died < 2; died += 1) {
        const dead = await engineOf(app(), { clock, state }).engine.open(lambda)
        void dead.push(page)
        await pass(clock, 1_000)
        dead.revoke(new Error('died'))
      }
      works = true
      const { engine } = engineOf(app(), { clock, state })
      const delivery = await engine.open(lambda, { hardEnd: new Date(clock.now() + 3_000) })
      void delivery.push(page).catch(() => {})
      await pass(clock, 100)
      isHanging = true
      let answer: unknown
      void delivery.settle(new Date(clock.now() + 1_500)).then(
        (positions) => {
          answer = positions
        },
        (error) => {
          answer = error
        },
      )
      await pass(clock, 3_000)
      const isWritten = what === 'what takes back a suspicion' && isDone
      if (isWritten) expect(answer).toEqual([])
      else expect(answer).toMatchObject({ code: 'unavailable', dependency: 'state' })
    })
