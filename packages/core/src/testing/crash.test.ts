/** What a process leaves behind that dies at each point, and what its successor makes of it. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type Effect, entity, event, Permanent, type RouteOptions, reactor } from '../index.ts'
import { type CrashPoint, harness } from './index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), seats: z.number().default(0) }),
})
const saved = Client.saved('client.saved')
const route = 'r/see'

/** How often the handler ran when the process died once at the point, and how the record ended. */
async function died(at: CrashPoint, options: RouteOptions, fail?: Error) {
  const ship = harness(() =>
    reactor('r').on(
      'see',
      saved,
      () => {
        if (fail !== undefined) throw fail
      },
      options,
    ),
  )
  ship.crash(at)
  await ship.put(Client, { id: 'a' })
  const down = ship.pending
  await ship.advance('5m')
  const runs = (n: number) => {
    try {
      ship.expect(route, { runs: n })
      return true
    } catch {
      return false
    }
  }
  return {
    down: down.map(({ why, until }) => [why, until?.toISOString()]),
    runs: [0, 1, 2, 3].find(runs),
    pending: ship.pending,
    deadLetters: ship.deadLetters.length,
  }
}

const down = [['the process crashed, another takes over', '2026-01-01T00:00:10.000Z']]

test('before the handler: it runs once, when the lease of its claim is over', async () => {
  for (const options of [{ effect: 'claim' }, { stale: 'skip' }] as const)
    expect(await died('claim', options)).toEqual({ down, runs: 1, pending: [], deadLetters: 0 })
})

test('after the handler, before anything is written: it runs again, whatever its effect', async () => {
  for (const effect of ['idempotent', 'journal', 'claim'] as const)
    expect(await died('effect', { effect })).toEqual({ down, runs: 2, pending: [], deadLetters: 0 })
})

test('after its claim is completed: it does not run again', async () => {
  for (const options of [{ effect: 'claim' }, { stale: 'skip' }] as const)
    expect(await died('complete', options)).toEqual({ down, runs: 1, pending: [], deadLetters: 0 })
})

test('after its letter is written: one letter, whoever writes it again', async () => {
  for (const effect of ['journal', 'claim'] as const) {
    const outcome = await died('dead-letter', { effect }, new Permanent('never'))
    expect(outcome).toMatchObject({ pending: [], deadLetters: 1 })
  }
})

test('before the checkpoint: only a claim remembers', async () => {
  const runs = async (effect: Effect) => (await died('checkpoint', { effect })).runs
  expect([await runs('idempotent'), await runs('journal'), await runs('claim')]).toEqual([2, 2, 1])
})

test('what was acknowledged before the crash does not come again', async () => {
  const seen: string[] = []
  const ship = harness(() => reactor('r').on('see', saved, (e) => void seen.push(e.after.id)))
  await ship.put(Client, { id: 'a' })
  ship.crash('effect')
  await ship.put(Client, { id: 'b' })
  await ship.put(Client, { id: 'c' })
  expect(seen).toEqual(['a', 'b'])
  expect(ship.pending.map(({ key }) => key)).toEqual(['b', 'c'])
  await ship.advance('10s')
  expect(seen).toEqual(['a', 'b', 'b', 'c'])
})

test('attempts that were counted before the crash still count after it', async () => {
  const attempts: number[] = []
  const ship = harness(() =>
    reactor('r', { retry: { attempts: 3, base: '1h', max: '1h' } }).on('see', saved, (e, { attempt }) => {
      if (e.after.id !== 'bad') return
      attempts.push(attempt)
      throw new Error('boom')
    }),
  )
  await ship.put(Client, { id: 'bad' })
  ship.crash('effect')
  await ship.put(Client, { id: 'good' })
  await ship.advance('1d')
  expect(attempts).toEqual([1, 2, 3])
  expect(ship.deadLetters).toMatchObject([{ attempts: 3 }])
})

test('a dead process writes nothing more: no state, no event, no reminder', async () => {
  const paid = event('paid', { schema: z.object({ id: z.string() }), key: (e) => e.id })
  const errors: unknown[] = []
  let lives = 0
  const ship = harness(({ state }) => {
    lives += 1
    return reactor('r')
      .on('lingers', saved, async (_, { publish, signal }) => {
        if (lives > 1) return
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        for (const write of [
          () => state.set('mine', {}, { expect: undefined }),
          () => publish(paid, { id: 'a' }),
        ])
          await write().catch((error) => errors.push(error.code))
      })
      .on('dies', saved, () => {})
      .on('paid', paid, () => {})
  })
  ship.crash('effect')
  await ship.put(Client, { id: 'a' })
  await ship.advance('1m')
  expect([lives, errors]).toEqual([2, ['crashed', 'crashed']])
  ship.expect('r/lingers', { runs: 2, done: 1 })
  ship.expect('r/paid', { runs: 0 })
})

test('property: wherever processes die, every record ends, and only a death after the handler repeats a claim', async () => {
  const points = fc.constantFrom<CrashPoint>('claim', 'effect', 'complete', 'dead-letter', 'checkpoint')
  const step = fc.oneof(
    fc.record({ crash: points }),
    fc.record({ id: fc.constantFrom('a', 'b', 'c'), fails: fc.nat(3) }),
    fc.record({ advance: fc.constantFrom('1s', '11s', '1m') }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const fails: number[] = []
      const calls = new Map<string, number>()
      const successes = new Map<string, number>()
      const handle = (route: string) => (e: { readonly after: { readonly seats: number } }) => {
        const id = `${route} ${e.after.seats}`
        calls.set(id, (calls.get(id) ?? 0) + 1)
        if ((calls.get(id) ?? 0) <= (fails[e.after.seats] ?? 0)) throw new Error('boom')
        successes.set(id, (successes.get(id) ?? 0) + 1)
      }
      const ship = harness(() =>
        reactor('r', { retry: { attempts: 3, base: '1s', max: '1s' } })
          .on('journal', saved, handle('journal'))
          .on('claim', saved, handle('claim'), { effect: 'claim' }),
      )
      for (const given of steps) {
        if ('crash' in given) ship.crash(given.crash)
        else if ('advance' in given) await ship.advance(given.advance as '1s')
        else {
          fails.push(given.fails)
          await ship.put(Client, { id: given.id, seats: fails.length - 1 })
        }
      }
      await ship.advance('2h')
      expect(ship.pending).toEqual([])
      const deaths = (point?: CrashPoint) =>
        steps.filter((given) => 'crash' in given && (point === undefined || given.crash === point)).length
      for (const [id, count] of successes)
        expect(count).toBeLessThanOrEqual(1 + (id.startsWith('claim') ? deaths('effect') : deaths()))
      const dead = new Set(ship.deadLetters.map(({ route, sequence }) => `${route} ${Number(sequence) - 1}`))
      for (const [seats] of fails.entries())
        for (const route of ['journal', 'claim'])
          expect(successes.has(`${route} ${seats}`) || dead.has(`${route} ${seats}`)).toBe(true)
    }),
    { numRuns: 60 },
  )
})
