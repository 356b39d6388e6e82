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

/** How an owner under the former name of a route ends, and whether its successor runs the handler once more. */
const endings = { done: false, 'given up': false, 'to be retried': true, dead: true } as const

for (const options of [{ effect: 'claim' }, { stale: 'skip' }] satisfies RouteOptions[])
  for (const formers of [['pay'], ['older', 'pay'], ['pay', 'older']])
    for (const ending of Object.keys(endings) as (keyof typeof endings)[])
      test(`F11: ${JSON.stringify(options)}, formerly ${formers.join()}: what an owner under the former name left ${ending} holds for the new one`, async () => {
        const clock = virtualClock()
        const state = memoryState({ clock })
        const deadLetters = memoryDeadLetters()
        let runs = 0
        const named = (id: string, more: RouteOptions, handle: () => unknown) =>
          engineOf(
            reactor('r', { retry: { attempts: ending === 'given up' ? 1 : 3, base: '1s' } }).on(
              id,
              saved,
              handle,
              {
                ...options,
                ...more,
                timeout: '10s',
              },
            ),
            { clock, state, deadLetters },
          ).engine.open(worker)
        const old = await named('pay', {}, () => {
          if (ending === 'dead') return new Promise(() => {})
          if (ending !== 'done') throw new Error('no')
          return undefined
        })
        await old.push([inserted(1, 'a')])
        await pass(clock, 100)
        old.revoke(new Error('the deployment is over'))
        const next = await named('charge', { formerly: formers }, () => {
          runs += 1
        })
        await next.push([inserted(1, 'a')])
        await pass(clock, 5_000)
        // The lease of one that died, and the skew of clocks, are waited for.
        expect(runs).toBe(ending === 'to be retried' ? 1 : 0)
        await pass(clock, 60_000)
        expect([runs, next.complete]).toEqual([endings[ending] ? 1 : 0, true])
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

test('F12: a mark goes on where it stood under the former name of its route, whatever precisions mix', async () => {
  const change = fc.record({ micros: fc.integer({ min: 0, max: 3_000 }), isRounded: fc.boolean() })
  const changes = fc.array(change, { minLength: 2, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(8), async (given, at) => {
      const renamedAt = Math.min(at, given.length)
      const records = given.map(({ micros, isRounded }, i) => changed(i + 1, micros, isRounded))
      const handledBy = async (renames: boolean) => {
        const clock = virtualClock()
        const state = memoryState({ clock })
        const handled: number[] = []
        const named = (id: string, more: RouteOptions) =>
          engineOf(
            reactor('r').on(id, saved, (e) => void handled.push(e.after.n), { stale: 'skip', ...more }),
            { clock, state },
          ).engine.open(worker)
        const old = await named('see', {})
        await old.push(renames ? records.slice(0, renamedAt) : records)
        await old.quiet()
        old.revoke(new Error('the deployment is over'))
        if (!renames) return handled
        const next = await named('look', { formerly: ['see'] })
        // All of it comes again: what was handled is not handled again, and what was stale is stale.
        await next.push(records)
        await next.quiet()
        return handled
      }
      expect(await handledBy(true)).toEqual(await handledBy(false))
    }),
    { numRuns: 150 },
  )
})
