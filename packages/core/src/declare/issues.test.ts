/** What is said of data that does not fit: where, and in what, and nothing of the data, whichever library says it. */

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { createEngine } from '../engine.ts'
import { entity, event, marshal, reactor, reminder } from '../index.ts'
import { memoryDeadLetters, memoryScheduler, memoryState } from '../memory/index.ts'
import { createReminders } from '../reminders/index.ts'
import { encodeCloudEvent } from '../wire/cloudevent.ts'
import { describeIssues, validate } from './schema.ts'

const SECRET = 'hunter2-DE02120300000000202051'
const NUMBER = 8_675_309

const says = (value: unknown) => `never ${JSON.stringify(value)}`

/** Each asks something else of each field, and lets none of them through. */
const schemas: Readonly<Record<string, StandardSchemaV1<{ readonly id: string }>>> = {
  zod: z.strictObject({
    id: z.string(),
    choice: z.enum(['none']),
    word: z.string().max(3),
    mail: z.email(),
    like: z.string().regex(/^x$/),
    own: z.string().refine(() => false, { error: ({ input }) => says(input) }),
    type: z.bigint(),
    count: z.number().max(3),
    literal: z.literal(7),
    list: z.array(z.number()),
    deep: z.object({ inner: z.literal('a') }),
    either: z.union([z.literal('a'), z.number()]),
    missing: z.string(),
  }),
  valibot: v.strictObject({
    id: v.string(),
    choice: v.picklist(['none']),
    word: v.pipe(v.string(), v.maxLength(3)),
    mail: v.pipe(v.string(), v.email()),
    like: v.pipe(v.string(), v.regex(/^x$/)),
    own: v.pipe(
      v.string(),
      v.check(
        () => false,
        ({ input }) => says(input),
      ),
    ),
    type: v.bigint(),
    count: v.pipe(v.number(), v.maxValue(3)),
    literal: v.literal(7),
    list: v.array(v.number()),
    deep: v.object({ inner: v.literal('a') }),
    either: v.union([v.literal('a'), v.number()]),
    missing: v.string(),
  }),
  arktype: type({
    '+': 'reject',
    id: 'string',
    choice: "'none'",
    word: 'string <= 3',
    mail: 'string.email',
    like: '/^x$/',
    own: type('string').narrow((value, context) => context.mustBe(says(value))),
    type: 'bigint',
    count: 'number <= 3',
    literal: '7',
    list: 'number[]',
    deep: { inner: "'a'" },
    either: "'a' | number",
    missing: 'string',
  }),
}

const row = {
  id: 'a',
  choice: SECRET,
  word: SECRET,
  mail: SECRET,
  like: SECRET,
  own: SECRET,
  type: SECRET,
  count: NUMBER,
  literal: NUMBER,
  list: [SECRET],
  deep: { inner: SECRET },
  either: SECRET,
  more: SECRET,
}

const NAMES = Object.keys({ ...row, missing: '' }).filter((name) => name !== 'id')

/** Each field of the row alone, and all of them. */
const rows = [...NAMES.map((name) => ({ id: 'a', [name]: Object(row)[name] })), row]

describe.each(Object.entries(schemas))('%s', (_, schema) => {
  test('an issue is a path, a kind, and the kind of what stands there', async () => {
    const result = await schema['~standard'].validate(row)
    const issues = result.issues ?? []
    const told = issues.map((issue) => describeIssues({ schema, list: [issue] }, row))
    const paths = told.map((words) => /^at ([\w.*]+): /.exec(words)?.[1] ?? '')
    // Unknown fields are told of the object by some, by name by others.
    for (const name of NAMES.filter((name) => name !== 'more'))
      expect([name, paths.some((path) => path.split('.')[0] === name)]).toEqual([name, true])
    for (const words of told) {
      expect(words).toMatch(
        /^(at [\w.*]+: )?[A-Za-z_ ]+(, expected [a-z]+)?, given (a \w+|an object|a list|undefined)$/,
      )
      expect(words).not.toMatch(/it does not fit/)
      expect(words).not.toContain(SECRET)
    }
    expect(told.join()).toMatch(/at missing: \w+(, expected string)?, given undefined/)
  })

  test('nothing of the data is in an error, a letter, a log or a step', async () => {
    const output: string[] = []
    const note = (...said: readonly unknown[]) => {
      output.push(
        JSON.stringify(said, (_, value) => (value instanceof Error ? [value.name, value.message] : value)),
      )
    }
    const Row = entity('row', { table: 'rows', key: 'id', schema })
    const Plain = entity('plain', { table: 'plains', key: 'id', schema: z.object({ id: z.string() }) })
    const told = event('told', { schema, key: () => 'a' })
    const nag = reminder('nag', { payload: schema, key: () => 'a' })
    const state = memoryState()
    const deadLetters = memoryDeadLetters()
    const reminders = createReminders({ application: 'app', state, scheduler: memoryScheduler() })
    let given: object = row
    const engine = createEngine({
      application: 'app',
      state,
      deadLetters,
      logger: { debug: note, info: note, warn: note, error: note },
      observe: note,
      reactors: [
        reactor('r')
          .on('see', Row.saved('row.saved'), () => {})
          .on('hear', told, () => {})
          .on(
            'plan',
            Plain.saved('plain.saved'),
            reminders.schedule(nag, { in: '3d', payload: () => given as never }),
          )
          .on('due', nag, () => {}),
      ],
    })
    const delivery = await engine.open({ stream: 's', shard: '0', redelivers: 'none' })
    let sequence = 0
    const push = async (data: Uint8Array) => {
      sequence += 1
      const record = {
        sequence: String(sequence),
        subSequence: 0,
        partitionKey: 'k',
        arrivedAt: new Date(0),
        data,
      }
      await delivery.push([record])
      await delivery.quiet()
    }
    const about = { source: 's', type: 'told', time: new Date(0) }
    for (const [n, wrong] of rows.entries()) {
      given = wrong
      await push(changeOf('rows', wrong, n))
      await push(encodeCloudEvent({ ...about, id: String(n), data: wrong }))
      await push(changeOf('plains', { id: 'a' }, n))
    }
    await delivery.settle(new Date())
    expect(deadLetters.letters.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 3 * rows.length }, () => 'schema'),
    )
    output.push(...deadLetters.letters.map(({ data, ...words }) => JSON.stringify(words)))
    expect(output.length).toBeGreaterThan(6 * rows.length)
    expect(output.filter((text) => text.includes(SECRET) || text.includes(String(NUMBER)))).toEqual([])
  })
})

/** Each is a change of its own: one that arrives twice has one letter. */
function changeOf(table: string, image: object, n: number): Uint8Array {
  const dynamodb = {
    ApproximateCreationDateTime: 1_796_000_000_000 + n,
    Keys: marshal({ id: 'a' }),
    NewImage: marshal({ ...image }),
  }
  return new TextEncoder().encode(JSON.stringify({ eventName: 'INSERT', tableName: table, dynamodb }))
}

/** Each has records that are keyed by data, and fields within them. */
const keyed: Readonly<Record<string, StandardSchemaV1>> = {
  zod: z.object({
    prices: z.record(z.string(), z.number()),
    people: z.record(z.string(), z.object({ seats: z.number() })),
    rows: z.array(z.object({ seats: z.number() })).optional(),
  }),
  valibot: v.object({
    prices: v.record(v.string(), v.number()),
    people: v.record(v.string(), v.object({ seats: v.number() })),
    rows: v.optional(v.array(v.object({ seats: v.number() }))),
  }),
  arktype: type({
    prices: 'Record<string, number>',
    people: type({ '[string]': { seats: 'number' } }),
    'rows?': type({ seats: 'number' }).array(),
  }),
}

describe.each(Object.entries(keyed))('%s: a path', (_, schema) => {
  const fits = { prices: {}, people: {} }
  async function paths(value: object): Promise<string[]> {
    const result = await validate(schema, value)
    if (!result.issues) return []
    const words = describeIssues(result.issues, value)
    return words.split('; ').map((told) => /^at (\S+): /.exec(told)?.[1] ?? told)
  }

  test('shows the names that the schema declares, and places in lists', async () => {
    expect(await paths({ ...fits, prices: 'x' })).toEqual(['prices'])
    expect(await paths({ ...fits, rows: [{ seats: 1 }, { seats: 'x' }] })).toEqual(['rows.1.seats'])
  })

  test('shows no key of a record, whatever it looks like', async () => {
    for (const key of ['hush-4711', '4711', 'zoe', 'zoe@example.test', '0']) {
      expect(await paths({ ...fits, prices: { [key]: 'x' } })).toEqual(['prices.*'])
      expect(await paths({ ...fits, people: { [key]: { seats: 'x' } } })).toEqual(['people.*.seats'])
    }
  })
})

test('a path that somebody has made up, and one through a map, show no name', async () => {
  const told = async (schema: StandardSchemaV1, value: unknown) => {
    const result = await validate(schema, value)
    return result.issues && describeIssues(result.issues, value)
  }
  const own = z.object({ own: z.any().refine(() => false, { path: ['hush'] }) })
  expect(await told(own, { own: 1 })).toMatch(/^at own\.\*: custom/)
  const map = z.object({ seats: z.map(z.any(), z.number()) })
  expect(await told(map, { seats: new Map<unknown, unknown>([[4711, 'x']]) })).toMatch(/^at seats\.\*: /)
})

test('sets, binary and dates are told apart from objects', async () => {
  const schema = z.object({ set: z.array(z.any()), bytes: z.string(), date: z.string() })
  const row = { set: new Set(['a']), bytes: Buffer.from('a'), date: new Date(0) }
  const { issues } = await validate(schema, row)
  expect(issues && describeIssues(issues, row)).toBe(
    'at set: invalid_type, expected array, given a Set; at bytes: invalid_type, expected string, given a Uint8Array; at date: invalid_type, expected string, given a Date',
  )
})

test('fields are known within unions, tuples, pipes, defaults, and a schema that holds itself', async () => {
  interface Tree {
    readonly leaf: number
    readonly branches?: readonly Tree[] | undefined
  }
  const tree: z.ZodType<Tree> = z.object({
    leaf: z.number(),
    get branches() {
      return z.array(tree).optional()
    },
  })
  const within: readonly StandardSchemaV1[] = [
    z.object({ a: z.object({ inner: z.number() }) }).transform((given) => given),
    z.object({ a: z.object({ inner: z.number() }).nullable().default(null) }),
    z.intersection(z.object({ b: z.any() }), z.object({ a: z.object({ inner: z.number() }) })),
    z.discriminatedUnion('b', [z.object({ b: z.undefined(), a: z.object({ inner: z.number() }) })]),
    v.pipe(
      v.object({ a: v.optional(v.object({ inner: v.number() })) }),
      v.transform((given) => given),
    ),
    v.intersect([v.object({ b: v.any() }), v.object({ a: v.object({ inner: v.number() }) })]),
    type({ a: { inner: 'number' } }).pipe((given) => given),
  ]
  for (const schema of within) {
    const value = { a: { inner: 'x' }, b: undefined }
    const result = await validate(schema, value)
    expect(result.issues && describeIssues(result.issues, value)).toMatch(/at a\.inner: /)
  }
  const value = { leaf: 1, branches: [{ leaf: 'x' }] }
  const result = await validate(tree, value)
  expect(result.issues && describeIssues(result.issues, value)).toMatch(/^at branches\.0\.leaf: /)
})
