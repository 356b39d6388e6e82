/** F3: whatever users' code throws, returns or hands over concerns its own attempt, and nothing else. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { engineOf, idle, inserted, saved, worker } from '../../test/bench.ts'
import { hostile } from '../../test/hostile.ts'
import { batch, entity, type Middleware, reactor } from '../index.ts'

/** Where users' code answers. `act` either throws or returns the value. */
const places = {
  handler: (act: () => unknown) =>
    reactor('r', { retry: { attempts: 2 } }).on('see', saved, (e) =>
      e.after.id === 'odd' ? act() : undefined,
    ),
  'asynchronous handler': (act: () => unknown) =>
    reactor('r', { retry: { attempts: 2 } }).on('see', saved, async (e) =>
      e.after.id === 'odd' ? act() : undefined,
    ),
  'claimed handler': (act: () => unknown) =>
    reactor('r', { retry: { attempts: 2 } }).on(
      'see',
      saved,
      (e) => (e.after.id === 'odd' ? act() : undefined),
      { effect: 'claim' },
    ),
  'batch handler': (act: () => unknown) =>
    reactor('r', { retry: { attempts: 2 } }).on(
      'see',
      saved,
      batch({ size: 2, within: 1 }, (events) =>
        events.some((e) => e.after.id === 'odd') ? act() : undefined,
      ),
    ),
  'answer of a batch': (act: () => unknown) =>
    reactor('r', { retry: { attempts: 2 } }).on(
      'see',
      saved,
      batch({ size: 2, within: 1 }, (events) =>
        events.map((e) => (e.after.id === 'odd' ? act() : undefined)),
      ),
    ),
  middleware: (act: () => unknown) => {
    const wrap: Middleware = (event, _context, next) => (event.key === 'odd' ? act() : next())
    return reactor('r', { retry: { attempts: 2 }, middleware: [wrap] }).on('see', saved, () => {})
  },
  'middleware behind its handler': (act: () => unknown) => {
    const wrap: Middleware = async (event, _context, next) => {
      await next()
      return event.key === 'odd' ? act() : undefined
    }
    return reactor('r', { retry: { attempts: 2 }, middleware: [wrap] }).on('see', saved, () => {})
  },
  schema: (act: () => unknown) => answering(act),
  'asynchronous schema': (act: () => unknown) => answering(async () => act()),
}

/** A schema that answers oddly for one item. */
function answering(act: () => unknown) {
  const validate = (value: unknown) => (Object(value).id === 'odd' ? act() : { value })
  // A caller without types may give a schema that answers anything.
  const schema = { '~standard': { version: 1, vendor: 'odd', validate } } as never
  const Odd = entity('odd', { table: 'clients', key: 'id' as never, schema })
  return reactor('r', { retry: { attempts: 2 } }).on('see', Odd.saved('odd.saved'), () => {})
}

test('what is thrown and is no Error is told by its kind, and a text as the message of an error would be', async () => {
  const thrown = [{ token: 'x' }, [1], null, undefined, 7, () => 1, 'no more', 'x'.repeat(1_000_000)]
  const retries: unknown[] = []
  const { engine, deadLetters, clock } = engineOf(
    reactor('r', { retry: { attempts: 2 } }).on('see', saved, (e) => {
      throw thrown[e.after.n - 1]
    }),
    { observe: ({ step, detail }) => void (step === 'waiting' && retries.push(detail)) },
  )
  const delivery = await engine.open(worker)
  await delivery.push(thrown.map((_, i) => inserted(i + 1, `client-${i}`)))
  await clock.moveTo(clock.now() + 600_000, idle)
  const told = ['an object', 'an object', 'null', 'undefined', 'a number', 'a function']
    .map((kind) => `threw ${kind}, not an Error`)
    .concat('no more', 'x'.repeat(1_000))
  expect(deadLetters.letters.map(({ detail }) => detail).toSorted()).toEqual(told.toSorted())
  expect(retries.toSorted()).toEqual(told.map((what) => `retry: ${what}`).toSorted())
})

test('an error of others that asks for an endless wait does not keep its record for good', async () => {
  const attempts: number[] = []
  const { engine, clock } = engineOf(
    reactor('r').on('see', saved, (_, { attempt }) => {
      attempts.push(attempt)
      if (attempts.length === 1)
        throw Object.assign(new Error('busy'), { code: 'retry-after', delay: Number.POSITIVE_INFINITY })
    }),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await idle()
  await clock.moveTo(clock.now() + 60_000, idle)
  expect([attempts, delivery.watermark?.sequence]).toEqual([[1, 1], '1'])
})

test('F3: whatever users code answers, wherever: its record ends, its neighbours are done, and nothing is left unhandled', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(hostile)),
        fc.constantFrom(...(Object.keys(places) as (keyof typeof places)[])),
        fc.constantFrom('throws', 'returns'),
        async (what, place, how) => {
          const make = hostile[what]
          const app = places[place](() => {
            const value = make?.()
            if (how === 'throws') throw value
            return value
          })
          const { engine, deadLetters, pass } = engineOf(app, {
            // A logger and an observer answer as oddly as all others.
            observe: () => make?.() as never,
          })
          const delivery = await engine.open(worker)
          await delivery.push([inserted(1, 'odd'), inserted(2, 'even')])
          await pass(600_000)
          expect(delivery.complete, `${place} ${how} ${what}`).toBe(true)
          // What a batch handler answers with one value it answers for all of its events.
          const others = deadLetters.letters.filter(({ sequence }) => sequence !== '1')
          if (place !== 'batch handler' || how !== 'returns') expect(others).toEqual([])
          delivery.revoke('the end')
          await idle()
        },
      ),
      { numRuns: 600 },
    )
    await idle()
    expect(unhandled.map(String)).toEqual([])
  } finally {
    process.off('unhandledRejection', note)
  }
})
