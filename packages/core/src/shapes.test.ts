/** Shapes: what fits each of them, and what a message says of a value that does not. */

import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import {
  bare,
  callable,
  check,
  choice,
  count,
  date,
  duration,
  flag,
  like,
  list,
  plain,
  port,
  problemsOf,
  record,
  required,
  type Shape,
  text,
  textOr,
} from './adapter.ts'
import { ConfigurationError, entity, reactor } from './index.ts'
import { keyPart, rate, standardSchema } from './shapes.ts'

interface Case {
  readonly shape: Shape
  readonly good: readonly unknown[]
  /** Values, and what a message says of each. */
  readonly bad: readonly (readonly [value: unknown, said: string])[]
}

const SECRET = 'xoxb-secret'

const cases: Readonly<Record<string, Case>> = {
  text: {
    shape: text('the name of a table'),
    good: ['a'],
    bad: [
      ['', "'it' is empty: expected the name of a table"],
      [SECRET.length, "'it' is a number: expected the name of a table"],
      [null, "'it' is null: expected the name of a table"],
      [[SECRET], "'it' is a list: expected the name of a table"],
    ],
  },
  keyPart: {
    shape: keyPart(3),
    good: ['a', 'a.b', 'A-1'],
    bad: [
      ['a b', "'it' is 'a b': expected 1 to 3 letters, digits, '.', '_' or '-'"],
      ['abcd', "'it' is 'abcd': expected 1 to 3 letters, digits, '.', '_' or '-'"],
      ['.a', "'it' is '.a': expected 1 to 3 letters, digits, '.', '_' or '-'"],
    ],
  },
  count: {
    shape: count(),
    good: [1, 10_000],
    bad: [
      [-1, "'it' is -1: expected a whole number of at least 1"],
      ['4', "'it' is '4': expected a whole number of at least 1"],
      [Number.NaN, "'it' is NaN: expected a whole number of at least 1"],
      [1.5, "'it' is 1.5: expected a whole number of at least 1"],
      [{ secret: SECRET }, "'it' is an object: expected a whole number of at least 1"],
    ],
  },
  'count, bounded': {
    shape: count(0, 9),
    good: [0, 9],
    bad: [[10, "'it' is 10: expected a whole number from 0 to 9"]],
  },
  duration: {
    shape: duration('30s', 1),
    good: [1, '1ms'],
    bad: [
      [0, "'it' is 0: expected a duration such as '30s', of at least 1 ms"],
      ['soon', "'it' is 'soon': expected a duration such as '30s', of at least 1 ms"],
      [() => SECRET, "'it' is a function: expected a duration such as '30s', of at least 1 ms"],
    ],
  },
  rate: {
    shape: rate,
    good: ['1/s', '5/h'],
    bad: [
      ['0/s', "'it' is '0/s': expected a rate such as '10/s', '100/m' or '5/h'"],
      [10, "'it' is 10: expected a rate such as '10/s', '100/m' or '5/h'"],
    ],
  },
  choice: {
    shape: choice('idempotent', 'journal', 'claim'),
    good: ['claim'],
    bad: [
      ['clame', "'it' is 'clame': expected 'idempotent', 'journal' or 'claim'"],
      [Symbol('claim'), "'it' is Symbol(claim): expected 'idempotent', 'journal' or 'claim'"],
      [Object.create(null), "'it' is an object: expected 'idempotent', 'journal' or 'claim'"],
    ],
  },
  flag: { shape: flag, good: [true, false], bad: [['yes', "'it' is 'yes': expected true or false"]] },
  date: {
    shape: date,
    good: [new Date()],
    bad: [
      [new Date('never'), "'it' is an object: expected a date"],
      [5, "'it' is a number: expected a date"],
    ],
  },
  callable: {
    shape: callable,
    good: [() => {}],
    bad: [[SECRET, "'it' is a text: expected a function"]],
  },
  port: {
    shape: port('put', 'a DeadLetters'),
    good: [{ put: () => {} }, Object.assign(() => {}, { put: () => {} })],
    bad: [
      [{}, "'it' is an object: expected a DeadLetters"],
      [SECRET, "'it' is a text: expected a DeadLetters"],
    ],
  },
  schema: {
    shape: standardSchema,
    good: [z.string()],
    bad: [[{}, "'it' is an object: expected a Standard Schema, such as one of zod, valibot or arktype"]],
  },
  list: {
    shape: list(count(), 'at least one count', 1),
    good: [[1], [1, 2]],
    bad: [
      [[], "'it' is empty: expected at least one count"],
      [[1, 0], "'it[1]' is 0: expected a whole number of at least 1"],
      [[undefined], "'it[0]' is missing: expected a whole number of at least 1"],
      [SECRET, "'it' is a text: expected at least one count"],
    ],
  },
  record: {
    shape: record({ rate: count(), of: record({ more: list(flag) }) }),
    good: [{}, { rate: 1, other: true }, { of: { more: [true] } }],
    bad: [
      [{ rate: 0 }, "'it.rate' is 0: expected a whole number of at least 1"],
      [{ of: { more: [1] } }, "'it.of.more[0]' is 1: expected true or false"],
      [() => {}, "'it' is a function: expected an object"],
      [SECRET, "'it' is a text: expected an object"],
      [[SECRET], "'it' is a list: expected an object"],
    ],
  },
  textOr: {
    shape: textOr('a name, or { name }', { name: required(text()) }),
    good: ['a', { name: 'a' }],
    bad: [
      ['', "'it' is empty: expected a name, or { name }"],
      [{}, "'it.name' is missing: expected a text"],
      [5, "'it' is a number: expected a name, or { name }"],
    ],
  },
  like: {
    shape: like('a secret', () => false),
    good: [],
    bad: [
      [SECRET, "'it' is a text: expected a secret"],
      [5, "'it' is a number: expected a secret"],
    ],
  },
  plain: {
    shape: plain('a share', (share) => Number(share) <= 1),
    good: [0.5],
    bad: [[2, "'it' is 2: expected a share"]],
  },
}

describe('what fits has no problem, and what does not is told by its place, itself and what was expected', () => {
  for (const [name, { shape, good, bad }] of Object.entries(cases)) {
    test(name, () => {
      for (const value of good) expect(problemsOf(shape, value, 'it')).toEqual([])
      for (const [value, said] of bad) expect(problemsOf(shape, value, 'it')).toEqual([said])
      expect(problemsOf(shape, undefined, 'it')).toEqual([])
      expect(problemsOf(required(shape), undefined, 'it')).toEqual([
        `'it' is missing: expected ${shape.expected}`,
      ])
    })
  }
})

test('a function has fields, too, once it is one', () => {
  const marked = { ...callable, fields: { effect: choice('claim') } }
  const effect = "'handler.effect' is 'clame': expected 'claim'"
  expect(
    problemsOf(
      marked,
      Object.assign(() => {}, { effect: 'clame' }),
      'handler',
    ),
  ).toEqual([effect])
  expect(problemsOf(marked, { effect: 'clame' }, 'handler')).toEqual([
    "'handler' is an object: expected a function",
  ])
})

describe('check', () => {
  const shapes = {
    name: required(text()),
    options: bare({ token: required(text()), retry: record({ most: count() }) }),
  }
  const problems = (args: Readonly<Record<keyof typeof shapes, unknown>>, more?: () => string[]) => {
    try {
      check('it', shapes, args, more)
    } catch (error) {
      return error instanceof ConfigurationError ? error.problems : error
    }
    return []
  }

  test('lists the problems of all arguments, and names the fields of options without them', () => {
    expect(problems({ name: 'a', options: { token: 't' } })).toEqual([])
    expect(problems({ name: '', options: { retry: { most: 0 } } }, () => ['more: expected less'])).toEqual([
      "'name' is empty: expected a text",
      "'token' is missing: expected a text",
      "'retry.most' is 0: expected a whole number of at least 1",
      'more: expected less',
    ])
  })

  test('misses what options require where there are none, or something else is given', () => {
    const token = "'token' is missing: expected a text"
    expect(problems({ name: 'a', options: undefined })).toEqual([token])
    for (const [options, given] of [
      [null, 'null'],
      [SECRET, 'a text'],
      [[SECRET], 'a list'],
    ])
      expect(problems({ name: 'a', options })).toEqual([`'options' is ${given}: expected an object`, token])
  })
})

test('options that nobody knows are refused where something is declared, with the nearest name', () => {
  const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string() }) })
  const joined = Client.created('client.joined')
  // As a caller without types may write.
  const odd: never = {
    retries: { attempts: 2 },
    formely: ['x'],
    timeout: '3x',
  } as never
  expect(() => reactor('app', odd)).toThrow("'retries' is no option: expected one of retry")
  expect(() => reactor('app').on('see', joined, () => {}, odd)).toThrow(
    /'timeout' is '3x'.*'formely' is no option: expected 'formerly'/s,
  )
  expect(() => reactor('app').every('count', { each: '5m', dealy: '1s' } as never, () => {})).toThrow(
    "'dealy' is no option: expected 'delay'",
  )
  expect(() =>
    entity('client', {
      table: 'clients',
      key: 'id',
      schema: z.object({ id: z.string() }),
      vesion: 'v',
    } as never),
  ).toThrow("'vesion' is no option: expected 'version'")
  // What tells a kind of row has names of its own.
  entity('order', {
    table: 'shop',
    key: 'id',
    when: { type: 'order' },
    schema: z.object({ id: z.string(), type: z.string() }),
  })
})
