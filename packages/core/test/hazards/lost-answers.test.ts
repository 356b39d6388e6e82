/** F9: charges and openings whose answers are lost. Only processes that died are held against a record, each of them once. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { reactor } from '../../src/index.ts'
import { memoryDeadLetters, memoryState, virtualClock } from '../../src/memory/index.ts'
import type { StateStore, StateValue } from '../../src/ports/index.ts'
import { engineOf, inserted, lambda, pass, saved, worker } from '../bench.ts'

/** A store that does what it is told, and loses its answer as often as `losses` says, in turn. */
function forgetful(
  clock: ReturnType<typeof virtualClock>,
  about: (key: string, value: StateValue) => boolean,
  losses: readonly number[],
) {
  const memory = memoryState({ clock })
  let turn = 0
  let left = losses[0] ?? 0
  const isLost = (): boolean => {
    if (left > 0) {
      left -= 1
      return true
    }
    turn += 1
    left = losses[turn % losses.length] ?? 0
    return false
  }
  const state: StateStore = {
    ...memory,
    set: async (key, value, options) => {
      const answer = await memory.set(key, value, options)
      if (answer.ok && about(key, value) && isLost()) throw new Error('the answer was lost')
      return answer
    },
  }
  return { memory, state }
}

const isCharge = (key: string) => key.includes('/suspect/')
/** Not the write with which an invocation ends. */
const isOpening = (key: string, value: StateValue) => key.includes('/journal/') && value.opens !== 0

const losses = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 })
const ids = ['a', 'b', 'c', 'd', 'e', 'f']
const page = ids.map((id, i) => inserted(i + 1, id))

test('F9: however often the answers of its charges are lost, one live process gives up on nothing', async () => {
  await fc.assert(
    fc.asyncProperty(losses, fc.integer({ min: 1, max: 4 }), async (lost, openings) => {
      const clock = virtualClock()
      const { state } = forgetful(clock, isCharge, lost)
      const seen: string[] = []
      const { engine, deadLetters } = engineOf(
        reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
        { clock, state },
      )
      for (let opening = 0; opening < openings; opening += 1) {
        seen.length = 0
        const delivery = await engine.open(worker, { crashes: 3 })
        void delivery.push(page)
        await pass(clock, 120_000)
        expect([seen, delivery.complete, deadLetters.letters]).toEqual([ids, true, []])
        // Its lease is lost, and found again: the process lives.
        delivery.revoke(new Error('lease lost'))
      }
    }),
    { numRuns: 60 },
  )
})

test('F9: three dead processes are what it takes, though each was charged several times', async () => {
  await fc.assert(
    fc.asyncProperty(losses, async (lost) => {
      const clock = virtualClock()
      const { state } = forgetful(clock, isCharge, lost)
      const deadLetters = memoryDeadLetters()
      const runs = new Map<string, number>()
      const app = () =>
        reactor('r').on('see', saved, (e) => {
          runs.set(e.after.id, (runs.get(e.after.id) ?? 0) + 1)
          // Its process ends here.
          return e.after.id === 'c' ? new Promise<void>(() => {}) : undefined
        })
      for (let died = 0; died < 3; died += 1) {
        const delivery = await engineOf(app(), { clock, state, deadLetters }).engine.open(worker, {
          crashes: 2 + died,
        })
        void delivery.push(page)
        await pass(clock, 120_000)
        expect(deadLetters.letters, `after ${died} deaths`).toEqual([])
        delivery.revoke(new Error('died'))
      }
      const last = await engineOf(app(), { clock, state, deadLetters }).engine.open(worker, { crashes: 5 })
      void last.push(page)
      await pass(clock, 120_000)
      expect(deadLetters.letters).toMatchObject([{ reason: 'crashed', sequence: '3' }])
      expect([last.complete, runs.get('c')]).toEqual([true, 3])
      last.revoke(new Error('the end'))
    }),
    { numRuns: 40 },
  )
})

test('F9: on Lambda the answers of openings are lost again and again: no environment that lives is taken for a dead one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 2 }),
      async (lost, environments) => {
        const clock = virtualClock()
        const { memory, state } = forgetful(clock, isOpening, [lost])
        const deadLetters = memoryDeadLetters()
        const seen: string[] = []
        const engines = Array.from({ length: environments }, () =>
          engineOf(
            reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
            { clock, state, deadLetters },
          ),
        )
        let isDone = false
        for (let invocation = 0; !isDone; invocation += 1) {
          expect(invocation).toBeLessThan(30)
          const { engine } = engines[invocation % environments] ?? expect.fail('no environment')
          const delivery = await engine.open(lambda)
          const pushed = delivery.push(page).then(
            () => true,
            () => false,
          )
          await pass(clock, 2_000)
          const answer = delivery.settle(new Date(clock.now() + 2_000)).then(
            (unfinished) => unfinished.length === 0,
            () => false,
          )
          await pass(clock, 20_000)
          isDone = (await pushed) && (await answer)
        }
        expect(deadLetters.letters).toEqual([])
        expect(new Set(seen)).toEqual(new Set(ids))
        expect(await memory.get('app/suspect/s/shardId-0'), 'nothing was charged').toBeUndefined()
      },
    ),
    { numRuns: 40 },
  )
})
