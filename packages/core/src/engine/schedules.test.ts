/** All capabilities at once, in random schedules: a store that is slow, fails or loses answers, owners that die, two shards of one process. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { engineOf, idle, inserted, saved, worker } from '../../test/bench.ts'
import type { Context, Middleware } from '../declare/index.ts'
import type { Delivery, StreamRecord } from '../engine.ts'
import { batch, reactor, Unavailable } from '../index.ts'
import { memoryDeadLetters, memoryState, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

const ROUTES = ['plain', 'claimed', 'newest', 'gathered', 'spaced', 'single', 'parking'] as const
const SHARDS = ['shardId-0', 'shardId-1'] as const

const given = fc.record({
  records: fc.array(
    fc.record({
      shard: fc.constantFrom(...SHARDS),
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      /** How many attempts of each route fail. */
      fails: fc.integer({ min: 0, max: 3 }),
      takes: fc.constantFrom(0, 0, 30, 700),
    }),
    { minLength: 1, maxLength: 14 },
  ),
  /** What the store does with each of its calls, again and again. */
  store: fc.array(fc.constantFrom('ok', 'ok', 'ok', 'slow', 'fails', 'lost'), { minLength: 1, maxLength: 9 }),
  deaths: fc.array(fc.integer({ min: 1, max: 6_000 }), { maxLength: 3 }),
})

test('whatever a route asks for: nothing is lost, nothing starts once its shard is lost, first attempts come in order', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  try {
    await fc.assert(
      fc.asyncProperty(given, async ({ records, store, deaths }) => {
        const clock = virtualClock()
        const memory = memoryState({ clock })
        const deadLetters = memoryDeadLetters()
        let calls = 0
        let isCalm = false
        const odd = async <T>(call: () => Promise<T>): Promise<T> => {
          const what = isCalm ? 'ok' : store[calls++ % store.length]
          if (what === 'slow') await clock.sleep(120)
          if (what === 'fails') throw new Unavailable('state', 'the store is down')
          const answer = await call()
          if (what === 'lost') throw new Unavailable('state', 'the answer was lost')
          return answer
        }
        const state: StateStore = {
          get: (key) => odd(() => memory.get(key)),
          set: (key, value, options) => odd(() => memory.set(key, value, options)),
          delete: (key, version) => odd(() => memory.delete(key, version)),
        }
        const violations: string[] = []
        const tries = new Map<string, number>()
        const done = new Set<string>()
        const stream = records.map(({ key, shard }, i) => ({
          shard,
          record: inserted(i + 1, `${shard}${key}`),
        }))

        /** One process; it holds both shards. */
        function owner() {
          const alive = new Set<string>(SHARDS)
          const firsts = new Map<string, number>()
          async function handle(route: string, n: number, id: string) {
            const { fails = 0, takes = 0, shard = '' } = records[n - 1] ?? {}
            const at = `${route} ${n}`
            if (!alive.has(shard)) violations.push(`${at} starts although its shard is lost`)
            if (!firsts.has(at)) {
              const before = firsts.get(`${route} ${id}`) ?? 0
              if (n < before) violations.push(`${at} comes after ${before}`)
              firsts.set(`${route} ${id}`, n)
              firsts.set(at, n)
            }
            await clock.sleep(takes)
            const tried = (tries.get(at) ?? 0) + 1
            tries.set(at, tried)
            if (tried <= fails) throw new Error('not yet')
            done.add(at)
          }
          const one = (e: { after: { n: number; id: string } }, { route }: Pick<Context, 'route'>) =>
            handle(route, e.after.n, e.after.id)
          const waits: Middleware = async (_event, _context, next) => {
            await clock.sleep(15)
            return next()
          }
          const app = reactor('r', {
            retry: { attempts: 5, base: '100ms', max: '200ms' },
            middleware: [waits],
          })
            .on('claimed', saved, one, { effect: 'claim', timeout: '5s' })
            .on('newest', saved, one, { stale: 'skip', timeout: '5s' })
            .on('spaced', saved, one, { rate: '50/s' })
            .on('single', saved, one, { concurrency: 1 })
            .on('parking', saved, one, { whenExhausted: 'park', retry: { attempts: 2 } })
            .on(
              'gathered',
              saved,
              batch({ size: 3, within: '50ms' }, (events, { route }) =>
                Promise.all(
                  events.map((e) =>
                    handle(route, e.after.n, e.after.id).then(
                      () => undefined,
                      (error) => error,
                    ),
                  ),
                ),
              ),
            )
          const plain = reactor('p', { retry: { attempts: 5, base: '100ms', max: '200ms' } }).on(
            'plain',
            saved,
            one,
          )
          const { engine } = engineOf([app, plain], {
            clock,
            state,
            deadLetters,
            concurrency: 3,
            random: () => 0.5,
          })
          return { engine, alive }
        }

        let own = owner()
        let deliveries = new Map<string, Delivery>()
        const open = async () => {
          for (const shard of SHARDS)
            for (let tried = 0; !deliveries.has(shard); tried += 1) {
              const { alive } = own
              const isHeld = () => alive.has(shard)
              const opening = own.engine.open({ ...worker, shard }, { isHeld })
              const opened = opening.catch(() => undefined)
              await clock.moveTo(clock.now() + 1_000, idle)
              const delivery = await opened
              if (delivery !== undefined) deliveries.set(shard, delivery)
              if (tried > 50) throw new Error('no delivery opens')
            }
        }
        const pushAll = () => {
          for (const shard of SHARDS) {
            const page: StreamRecord[] = stream.flatMap((one) => (one.shard === shard ? one.record : []))
            void deliveries
              .get(shard)
              ?.push(page)
              .catch(() => {})
          }
        }
        await open()
        pushAll()
        for (const after of deaths) {
          await clock.moveTo(clock.now() + after, idle)
          for (const [shard, delivery] of deliveries) {
            own.alive.delete(shard)
            delivery.revoke(new Error('the process died'))
          }
          own = owner()
          deliveries = new Map()
          await open()
          pushAll()
        }
        await clock.moveTo(clock.now() + 30_000, idle)
        isCalm = true
        const isComplete = () => [...deliveries.values()].every(({ complete }) => complete)
        for (let round = 0; round < 30 && !isComplete(); round += 1)
          await clock.moveTo(clock.now() + 10_000, idle)

        expect(violations).toEqual([])
        expect(isComplete(), 'everything ends').toBe(true)
        const lettered = new Set(deadLetters.letters.map(({ route, sequence }) => `${route} ${sequence}`))
        for (const [i] of records.entries())
          for (const route of ROUTES) {
            const at = `${route} ${i + 1}`
            const isStale = route === 'newest' && !done.has(at)
            expect(done.has(at) || lettered.has(at) || isStale, `${at} is done or kept`).toBe(true)
          }
        for (const delivery of deliveries.values()) delivery.revoke(new Error('the end'))
        await idle()
        expect(unhandled).toEqual([])
      }),
      { numRuns: 60 },
    )
  } finally {
    process.off('unhandledRejection', note)
  }
})
