/** What users' code may hand to the engine: values that break, or break whoever looks at them. */

import { afterEach, beforeEach, expect } from 'vitest'
import { skip } from '../src/index.ts'
import { idle } from './bench.ts'

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
export const hostile: Readonly<Record<string, () => unknown>> = {
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
  'an error whose message needs what it lacks': () =>
    new (class extends Error {
      readonly response: { body: { message: string } } | undefined
      override get message(): string {
        return (this.response as { body: { message: string } }).body.message
      }
    })(),
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
  'a thenable that throws after it has answered': () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    then: (a: (value: unknown) => void) => {
      a(1)
      throw new Error('late')
    },
  }),
  'a promise of a revoked proxy': () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    then: (a: (value: unknown) => void) => a(revoked()),
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

/** Answers that never come. */
export const silent: Readonly<Record<string, () => unknown>> = {
  'a promise that never settles': () => new Promise(() => {}),
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested
  'a thenable that never answers': () => ({ then: () => {} }),
}

/** Codes of the engine's own verdicts, with fields that no verdict has: what bears them is not counted, and so never given up on. */
export const malformed: Readonly<Record<string, () => unknown>> = {
  'to come back, without a delay': () => coded('retry-after'),
  'to come back after NaN': () => coded('retry-after', { delay: Number.NaN }),
  'to come back after a text': () => coded('retry-after', { delay: '5' }),
  'to come back before now': () => coded('retry-after', { delay: -5 }),
  'to come back after the end of time': () => coded('retry-after', { delay: 1e300 }),
  'to come back after for ever': () => coded('retry-after', { delay: Number.POSITIVE_INFINITY }),
  'of an outage of nothing': () => coded('unavailable'),
  'of an outage of a symbol': () => coded('unavailable', { dependency: Symbol('d') }),
  'of an outage of a prototype': () => coded('unavailable', { dependency: '__proto__' }),
  'of an outage that throws': () =>
    Object.defineProperty(coded('unavailable'), 'dependency', {
      get: () => {
        throw new Error('no dependency for you')
      },
    }),
}

export const WAYS = ['throws', 'returns', 'rejects'] as const

export type Act = () => unknown

/** Users' code that throws the value, returns it, or returns a promise that rejects with it. */
export function acting(make: Act, how: (typeof WAYS)[number]): Act {
  return () => {
    if (how === 'rejects') return Promise.reject(make())
    if (how === 'throws') throw make()
    return make()
  }
}

/** Each test of the file fails if it leaves a rejection unhandled. */
export function watchUnhandled(): void {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  beforeEach(() => {
    unhandled.length = 0
    process.on('unhandledRejection', note)
  })
  afterEach(async () => {
    await idle()
    process.off('unhandledRejection', note)
    expect(unhandled.map(String)).toEqual([])
  })
}
