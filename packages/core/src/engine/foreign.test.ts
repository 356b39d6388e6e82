/** F3: whatever users' code throws, returns or hands over concerns its own attempt, and nothing else. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { engineOf, idle, inserted, saved, worker } from '../../test/bench.ts'
import { batch, entity, type Middleware, reactor, skip } from '../index.ts'

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const failing = (field: string) =>
  Object.defineProperty(new Error('x'), field, {
    get: () => {
      throw new Error(`no ${field} for you`)
    },
  })
const holding = (field: string, value: unknown) => Object.defineProperty(new Error('x'), field, { value })
const coded = (code: string, more: object = {}) => Object.assign(new Error('x'), { code, ...more })
class Late extends Promise<unknown> {
  // biome-ignore lint/suspicious/noThenProperty: a subclass that answers in its own way is what is tested
  override then(): never {
    throw new Error('a then of its own')
  }
}

/** What may be thrown, rejected with, returned or handed over. Each is made anew: some break as they are looked at. */
const hostile: Readonly<Record<string, () => unknown>> = {
  nothing: () => undefined,
  null: () => null,
  'a symbol': () => Symbol('x'),
  'a bigint': () => 1n,
  'a function': () => () => {},
  'a revoked proxy': revoked,
  'an object without a prototype': () => Object.create(null),
  'a proxy that refuses to tell': () =>
    new Proxy(
      {},
      {
        has: () => {
          throw new Error('has')
        },
        get: () => {
          throw new Error('get')
        },
      },
    ),
  'an error whose code throws': () => failing('code'),
  'an error whose message throws': () => failing('message'),
  'an error whose name throws': () => failing('name'),
  'an error whose stack throws': () => failing('stack'),
  'an error whose message is a symbol': () => holding('message', Symbol('m')),
  'an error whose message is no text': () => holding('message', Object.create(null)),
  'an error whose name is a symbol': () => holding('name', Symbol('n')),
  'an error of a very long message': () => new Error('x'.repeat(100_000)),
  'a permanent failure without a message': () => coded('permanent', { message: undefined }),
  'a schema failure': () => coded('schema'),
  'a code that is no text': () => coded('x', { code: Symbol('c') }),
  'a thenable that throws': () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    get then() {
      throw new Error('then')
    },
  }),
  'a thenable that answers twice': () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    then: (a: (value: unknown) => void, b: (error: unknown) => void) => {
      a(1)
      b(new Error('x'))
    },
  }),
  'a thenable that rejects with nothing': () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    then: (_: unknown, b: () => void) => b(),
  }),
  'a promise with a method of its own': () =>
    Object.assign(Promise.resolve(), {
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested
      then: () => {
        throw new Error('own then')
      },
    }),
  'a promise of a subclass': () => new Late((resolve) => resolve(undefined)),
  'a promise that rejects': () => Promise.reject(new Error('rejected')),
  'an async generator': async function* () {},
  'a skip without a reason': () => skip(undefined as never),
  'a skip of a symbol': () => skip(Symbol('x') as never),
}

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
