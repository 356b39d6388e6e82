import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { entity, event, reminder } from '../index.ts'
import { harness } from '../testing/index.ts'
import { reactor } from './reactor.ts'
import { describeIssues, fitted, validate } from './schema.ts'

/** What a test leaves behind ends no process, but is seen. */
const unhandled: unknown[] = []
const see = (error: unknown) => void unhandled.push(error)
beforeEach(() => void process.on('unhandledRejection', see))
afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve))
  process.off('unhandledRejection', see)
  expect(unhandled.splice(0)).toEqual([])
})

const schemaOf = (answer: (value: unknown) => unknown) =>
  // Foreign schemas hold to no type.
  ({ '~standard': { version: 1, vendor: 'odd', validate: answer } }) as never
const anything = schemaOf((value) => ({ value }))

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const throwing = (name: string) =>
  Object.defineProperty({}, name, {
    get() {
      throw revoked()
    },
  })
const fail = (error: unknown) => () => {
  throw error
}

type Settle = (value: unknown) => void
/** By a name that no linter knows: an object of this kind is what these tests are about. */
const thenable = (then: (done: Settle, refuse: Settle) => void) => Object.fromEntries([['then', then]])
const twice = (first: unknown) =>
  thenable((done, refuse) => {
    done(first)
    done({ value: 2 })
    refuse(new Error('x'))
    throw new Error('y')
  })

/** What is no answer, however it says so. */
const never: Readonly<Record<string, () => unknown>> = {
  'a promise': async () => false,
  'a promise that rejects': () => Promise.reject(new Error('x')),
  'a promise that rejects with nothing': () => Promise.reject(),
  'a thenable': () => thenable((done) => done(false)),
  'a thenable that throws': () => thenable(fail(new Error('x'))),
  'a thenable that calls twice, then throws': () => twice(false),
  'a promise whose constructor throws': () =>
    Object.defineProperty(Promise.resolve(), 'constructor', { get: fail(revoked()) }),
  'what cannot be looked at': revoked,
  'a getter that throws': () => throwing('then'),
  'an error': fail(new Error('x')),
  nothing: fail(undefined),
  'an error that cannot be looked at': () => fail(revoked())(),
}

describe('a predicate of a pattern that gives no answer at once is refused, with its event and field:', () => {
  for (const [what, answer] of Object.entries(never))
    test(what, () => {
      // The types refuse it.
      const Client = entity('client', { table: 't', key: 'id' as never, schema: anything })
      const { spec } = Client.changed('client.grew', { seats: answer } as never)
      expect(() => spec.kind === 'change' && spec.matches?.({ seats: 1 }, { seats: 2 })).toThrow(
        expect.objectContaining({
          code: 'schema',
          message: expect.stringMatching(
            /^the pattern of 'client.grew', at 'seats', (threw$|answered with a promise: expected an answer at once)/,
          ),
        }),
      )
    })
})

describe('a key function, an upgrade and an unless are refused in the same way:', () => {
  for (const [what, answer] of Object.entries(never))
    test(what, () => {
      // The types refuse them all.
      const odd = answer as never
      const refusal = (whose: string) =>
        expect.objectContaining({
          code: 'schema',
          message: expect.stringMatching(`^${whose} (threw$|answered with a promise)`),
        })
      const fact = event('paid', { schema: anything, key: odd })
      expect(() => fact.spec.keyOf({})).toThrow(refusal("the key function of event 'paid'"))
      const nag = reminder('nag', { payload: anything, key: odd })
      expect(() => nag.spec.keyOf({})).toThrow(refusal("the key function of reminder 'nag'"))
      const Client = entity('client', { table: 't', key: 'id' as never, schema: anything, upgrade: odd })
      expect(() => Client.spec.upgrade?.({})).toThrow(refusal('its upgrade'))
      const { unless } = nag.unless(Client, odd, odd).spec
      expect(() => unless?.keyOf({})).toThrow(refusal("the key function of unless of 'nag'"))
      expect(() => unless?.when({})).toThrow(refusal("the predicate of unless of 'nag'"))
    })

  test('a key that is no text', () => {
    for (const key of [5, 1n, true, undefined, null, Symbol('x'), {}, Object.create(null), () => 'x']) {
      const { spec } = event('paid', { schema: anything, key: (() => key) as never })
      expect(() => spec.keyOf({})).toThrow(
        /^the key function of event 'paid' answered with .*: expected a text/,
      )
    }
    const { spec } = event('paid', { schema: anything, key: () => '' })
    expect(spec.keyOf({})).toBe('')
  })
})

test('an asynchronous predicate matches no change: the record is a dead letter that tells why', async () => {
  const Client = entity('client', { table: 'clients', key: 'id' as never, schema: anything })
  const grew = Client.changed('client.grew', { seats: async () => Promise.reject(new Error('x')) } as never)
  const seen: unknown[] = []
  const ship = harness(() => reactor('r').on('see', grew, (e) => void seen.push(e)))
  await ship.put(Client, { id: 'a', seats: 1 } as never)
  await ship.put(Client, { id: 'a', seats: 2 } as never)
  expect(seen).toEqual([])
  expect(ship.deadLetters.map(({ reason, detail }) => [reason, detail])).toEqual([
    [
      'schema',
      "the pattern of 'client.grew', at 'seats', answered with a promise: expected an answer at once",
    ],
  ])
})

describe('a schema, whatever it answers, gives a result or a refusal:', () => {
  const odd: Readonly<Record<string, () => unknown>> = {
    ...Object.fromEntries(Object.entries(never).filter(([name]) => !/^a (promise$|thenable)/.test(name))),
    undefined: () => undefined,
    null: () => null,
    'a text': () => 'x',
    'an object of neither': () => ({}),
    'issues that are none': () => ({ issues: undefined }),
    'a value that throws': () => throwing('value'),
    'issues that throw': () => throwing('issues'),
    'a promise of undefined': async () => undefined,
    'a promise of null': async () => null,
    'a promise of issues that throw': async () => throwing('issues'),
    'a promise of what cannot be looked at': () =>
      Promise.resolve({ value: 1 }).then(() => thenable(fail(revoked()))),
    'a thenable that throws': () => thenable(fail(new Error('x'))),
    'a thenable that rejects with nothing': () => thenable((_, refuse) => refuse(undefined)),
  }
  for (const [what, answer] of Object.entries(odd))
    test(what, async () => {
      const refusal = expect.objectContaining({
        code: 'schema',
        message: expect.stringMatching(/^its schema (threw|answered with no result)/),
      })
      await expect((async () => validate(schemaOf(answer), 1))()).rejects.toEqual(refusal)
      await expect(fitted(schemaOf(answer), 1, 'the payload')).rejects.toMatchObject({
        code: 'schema',
        message: expect.stringMatching(/^the payload: its schema/),
      })
    })

  test('the first answer of a thenable that calls twice', async () => {
    expect(
      await validate(
        schemaOf(() => twice({ value: 1 })),
        0,
      ),
    ).toEqual({ value: 1 })
  })

  test('issues that are none, in words', () => {
    const hostile = [
      { message: Symbol('x'), path: [Symbol('p'), null, { key: Symbol('q') }, undefined] },
      null,
      throwing('message'),
      { message: 'm'.repeat(10_000), path: ['p'.repeat(10_000)] },
      { message: 'no path', path: null },
      { message: 'not told any more' },
    ]
    const told = describeIssues({ schema: schemaOf(() => 1), list: hostile as never }, undefined)
    expect(told).toMatch(/^at \*\.\*\.\*\.\*: it does not fit, given undefined; an issue that/)
    expect(told).toMatch(/; it does not fit, given undefined$/)
    expect(told).not.toMatch(/mmm|no path/)
    expect(told.length).toBeLessThan(1_000)
    for (const issues of [[], true, null, 7, {}, revoked(), new Proxy([1], { get: fail(new Error('x')) })])
      expect(describeIssues({ schema: schemaOf(() => 1), list: issues as never }, undefined)).toMatch(
        /^its schema names/,
      )
  })

  test('property: any value, as an answer or as its issues', async () => {
    const value = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true })
    await fc.assert(
      fc.asyncProperty(value, fc.boolean(), async (answer, wrapped) => {
        const given = wrapped ? { issues: answer } : answer
        try {
          const result = await validate(
            schemaOf(() => given),
            1,
          )
          if (result.issues) expect(typeof describeIssues(result.issues, 1)).toBe('string')
        } catch (error) {
          expect(error).toMatchObject({ code: 'schema' })
        }
      }),
    )
  })
})
