/** Claims and guards where names and precisions change under them. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { engineOf, inserted, pass, record, saved, worker } from '../../test/bench.ts'
import { marshal, type RouteOptions, reactor } from '../index.ts'
import { memoryDeadLetters, memoryState, virtualClock } from '../memory/index.ts'

for (const options of [{ effect: 'claim' }, { stale: 'skip' }] satisfies RouteOptions[])
  test(`F11: a renamed route waits for what an owner under its former name still runs: ${JSON.stringify(options)}`, async () => {
    const clock = virtualClock()
    const state = memoryState({ clock })
    const deadLetters = memoryDeadLetters()
    let live = 0
    let most = 0
    let runs = 0
    const handle = async () => {
      live += 1
      runs += 1
      most = Math.max(most, live)
      await clock.sleep(5_000)
      live -= 1
    }
    const named = (id: string, more: RouteOptions = {}) =>
      engineOf(reactor('r').on(id, saved, handle, { ...options, ...more }), { clock, state, deadLetters })
    const old = await named('pay').engine.open(worker)
    await old.push([inserted(1, 'a')])
    await pass(clock, 1_000)
    const renamed = await named('charge', { formerly: ['pay'] }).engine.open(worker)
    await renamed.push([inserted(1, 'a')])
    await pass(clock, 120_000)
    expect([most, runs, renamed.complete]).toEqual([1, 1, true])
  })

/** A change at a microsecond of one second, told in microseconds or rounded down to its millisecond. */
function changed(sequence: number, micros: number, isRounded: boolean) {
  const at = 1_796_000_000_000_000 + micros
  return record(sequence, {
    eventName: 'INSERT',
    tableName: 'clients',
    dynamodb: {
      ApproximateCreationDateTime: isRounded ? Math.floor(at / 1_000) : at,
      ApproximateCreationDateTimePrecision: isRounded ? 'MILLISECOND' : 'MICROSECOND',
      Keys: marshal({ id: 'a' }),
      NewImage: marshal({ id: 'a', n: sequence }),
    },
  })
}

test('F12: whatever precisions mix, what is surely older than anything that was handled is skipped, and nothing else', async () => {
  const changes = fc.array(
    fc.record({ micros: fc.integer({ min: 0, max: 3_000 }), isRounded: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  await fc.assert(
    fc.asyncProperty(changes, async (given) => {
      const handled: number[] = []
      const { engine } = engineOf(
        reactor('r').on('see', saved, (e) => void handled.push(e.after.n), { stale: 'skip' }),
      )
      const delivery = await engine.open(worker)
      await delivery.push(given.map(({ micros, isRounded }, i) => changed(i + 1, micros, isRounded)))
      await delivery.quiet()
      const expected: number[] = []
      for (const [i, { micros, isRounded }] of given.entries()) {
        const latest = isRounded ? Math.floor(micros / 1_000) * 1_000 + 999 : micros
        const isStale = expected.some((n) => {
          const before = given[n - 1]
          if (before === undefined) return false
          const earliest = before.isRounded ? Math.floor(before.micros / 1_000) * 1_000 : before.micros
          return latest < earliest
        })
        if (!isStale) expected.push(i + 1)
      }
      expect(handled).toEqual(expected)
    }),
    { numRuns: 200 },
  )
})
