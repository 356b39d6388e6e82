/** F4 and F13 for all kinds of things that arrive: nothing starts and nothing is written once the shard is lost. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { createRedrive, type StreamRecord, tickEnvelope } from '../../src/engine.ts'
import { batch, event, type Middleware, reactor, reminder } from '../../src/index.ts'
import { memoryEntities, memoryEvents, memoryState, virtualClock } from '../../src/memory/index.ts'
import type { StateStore } from '../../src/ports/index.ts'
import { reminderKey } from '../../src/state/index.ts'
import { encodeEnvelope } from '../../src/wire/index.ts'
import { arrived, Client, engineOf, idle, inserted, lambda, pass, record, saved, worker } from '../bench.ts'
import { watched } from '../watched.ts'

const nag = reminder('nag', { payload: z.object({ id: z.string() }), key: (p) => p.id }).unless(
  Client,
  (p) => p.id,
  () => false,
)
const fact = event('fact', { schema: z.object({ id: z.string() }), key: (p) => p.id })
const due = (key: string) =>
  encodeEnvelope({ kind: 'reminder', application: 'app', reminder: 'nag', key, generation: 1 })
const published = (id: string) => ({ specversion: '1.0', id, source: 's', type: 'fact', data: { id } })

async function remindedOf(state: StateStore, ids: readonly string[], dueAt: number) {
  for (const id of ids) {
    const value = { generation: 1, status: 'pending', dueAt, min: 0, max: 0, payload: { id } }
    await state.set(reminderKey('app', 'nag', id), value, { expect: undefined })
  }
}

/** What arrives, for a route of each kind. */
const kinds = {
  reminder: () => record(1, due('a')),
  'published event': () => record(1, published('a')),
  tick: (now: number) =>
    record(1, tickEnvelope({ application: 'app', route: 'r/tick', scheduled: new Date(now).toISOString() })),
}

for (const kind of Object.keys(kinds) as (keyof typeof kinds)[])
  for (const effect of kind === 'tick' ? (['journal'] as const) : (['journal', 'claim'] as const))
    for (const at of kind === 'reminder' ? (['look-up', 'middleware'] as const) : (['middleware'] as const))
      for (const how of ['revoked', 'not held', 'drained', 'after its lease'] as const)
        test(`F4: a ${kind} of a route with '${effect}' does not start ${how}, whatever its ${at} waited for`, async () => {
          const clock = virtualClock()
          const state = memoryState({ clock })
          const entities = memoryEntities()
          entities.put('clients', { id: 'a' }, { id: 'a', n: 1 })
          await remindedOf(state, ['a'], clock.now())
          const handled: string[] = []
          let go = () => {}
          const opens = new Promise<void>((resolve) => {
            go = resolve
          })
          const swallowing: Middleware = async (_event, _context, next) => {
            if (at === 'middleware') await opens
            return next().catch(() => 'swallowed')
          }
          const app = reactor('r', { middleware: [swallowing, swallowing] })
            .on('nag', nag, () => void handled.push('nag'), { effect, timeout: '10s' })
            .on('fact', fact, () => void handled.push('fact'), { effect, timeout: '10s' })
            .every('tick', { each: '1h' }, () => void handled.push('tick'))
          const read: typeof entities.read = async (...asked) => {
            if (at === 'look-up') await opens
            return entities.read(...asked)
          }
          const { engine } = engineOf(app, { clock, state, entities: { read } })
          let held = true
          const delivery = await engine.open(worker, { isHeld: () => held })
          await delivery.push([kinds[kind](clock.now())])
          await idle()
          if (how === 'revoked') delivery.revoke(new Error('lease lost'))
          if (how === 'not held') held = false
          if (how === 'drained') {
            void delivery.settle(new Date(clock.now() + 1_000))
            await pass(clock, 5_000)
          }
          if (how === 'after its lease') {
            if (effect !== 'claim') return delivery.revoke(new Error('the end'))
            await pass(clock, 10_500)
          }
          go()
          await idle()
          await idle()
          expect([handled, delivery.watermark]).toEqual([[], undefined])
          if (how !== 'not held' && how !== 'after its lease') return
          // What was swallowed is not done: it is asked again once the shard is held.
          held = true
          await pass(clock, 60_000)
          expect([handled.length, delivery.watermark?.sequence]).toEqual([1, '1'])
          delivery.revoke(new Error('the end'))
        })

const SCENARIOS = ['a worker', 'Lambda', 'suspects', 'a drained lane', 'a record that comes again'] as const

for (const scenario of SCENARIOS)
  for (const isBefore of [true, false])
    test(`F13: ${scenario}: revoked ${isBefore ? 'while' : 'after'} any request is under way, a delivery begins no write`, async () => {
      let requests = 0
      for (let at = 1, more = true; more; at += 1) {
        expect(at).toBeLessThan(400)
        requests = at
        const clock = virtualClock()
        const { memory, letters, state, deadLetters, late, lost } = watched(clock, at, isBefore)
        const entities = memoryEntities()
        const sink = memoryEvents()
        entities.put('clients', { id: 'a' }, { id: 'a', n: 1 })
        await remindedOf(memory, ['a'], clock.now())
        let broken = true
        const fails = () => {
          if (broken) throw new Error('no')
        }
        const app = () =>
          reactor('r', { retry: { attempts: 1 } })
            .on('claim', saved, () => {}, { effect: 'claim' })
            .on('guard', saved, () => {}, { stale: 'skip' })
            .on(
              'batch',
              saved,
              batch({ size: 2, within: 10 }, () => {}),
              { effect: 'claim' },
            )
            .on('park', saved, fails, { whenExhausted: 'park' })
            .on('dead', saved, fails, { effect: 'claim' })
            .on('nag', nag, () => {}, { effect: 'claim' })
            .on('fact', fact, fails, { stale: 'skip', whenExhausted: 'park' })
            .every('tick', { each: '5m', catchUp: 'all' }, () => {})
        const given = { clock, state, deadLetters, entities }
        const before = engineOf(app(), { clock, state: memory, deadLetters: letters, entities })
        const changes = [inserted(2, 'a'), inserted(3, 'a')]
        let page: StreamRecord[] = [
          record(1, due('a')),
          ...changes,
          record(4, published('x')),
          record(
            5,
            tickEnvelope({
              application: 'app',
              route: 'r/tick',
              scheduled: new Date(clock.now()).toISOString(),
            }),
          ),
        ]
        if (scenario === 'a drained lane') {
          const first = await before.engine.open(worker)
          await first.push(changes)
          await pass(clock, 5_000)
          first.revoke(new Error('the end'))
          broken = false
          const redrive = createRedrive({ application: 'app', deadLetters: letters, events: sink, clock })
          const parked = letters.letters.filter(({ route }) => route === 'park')
          await redrive.lane(parked[0]?.id ?? '')
          await redrive.letters((letter) => letter.route === 'dead')
          page = sink.records.map((outgoing, i) => arrived(10 + i, outgoing))
        }
        if (scenario === 'a record that comes again') {
          // The second one is parked; then the first comes again, and fails.
          const first = await before.engine.open(worker)
          await first.push([inserted(3, 'a'), inserted(4, 'a')])
          await pass(clock, 5_000)
          first.revoke(new Error('the end'))
          page = [inserted(2, 'a'), inserted(3, 'a'), inserted(4, 'a')]
        }
        const isLambda = scenario === 'Lambda'
        const { engine } = engineOf(app(), given)
        const opening = engine.open(isLambda ? lambda : worker, scenario === 'suspects' ? { crashes: 3 } : {})
        const delivery = await opening
        lost.delivery = delivery
        if (lost.is) delivery.revoke(new Error('lease lost'))
        void delivery.push(page).catch(() => {})
        if (isLambda) void delivery.settle(new Date(clock.now() + 20_000)).catch(() => {})
        await pass(clock, 60_000)
        more = lost.is
        expect(late, `revoked at request ${at}`).toEqual([])
        if (!more && !isLambda) expect(delivery.complete).toBe(true)
        delivery.revoke(new Error('the end'))
        await idle()
      }
      expect(requests, 'it asks its stores').toBeGreaterThan(6)
    })
