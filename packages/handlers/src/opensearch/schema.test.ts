import { entity } from '@spaceship/core'
import { expect, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { type SearchIndex, searchIndex } from './index.ts'

const row = (field: z.ZodType) => z.object({ id: z.uuid(), field })
const mapped = (field: z.ZodType, fields = {}) => {
  const {
    '@removedAt': _,
    id: __,
    ...properties
  } = searchIndex('rows', entity('row', { table: 'rows', key: 'id', schema: row(field) }), { fields })
    .definition.mappings.properties
  return properties.field
}
const date = { type: 'date' }
const text = { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 1_024 } } }
const iso = { decode: (text: string) => new Date(text), encode: (at: Date) => at.toISOString() }

type Nested = string | Nested[]
const Nested: z.ZodType<Nested> = z.union([z.string(), z.array(z.lazy(() => Nested))])
const Alias: z.ZodType<string> = z.union([z.string(), z.lazy(() => Alias)])
const Leaf: z.ZodType = z.object({ n: z.int(), next: z.array(z.union([z.string(), z.lazy(() => Leaf)])) })
const Tree: z.ZodType = z.object({ at: z.date(), next: z.array(z.union([z.string(), z.lazy(() => Tree)])) })
const Forest: z.ZodType = z.object({ name: z.string(), trees: z.set(z.lazy(() => Forest)) })
const Expression: z.ZodType = z.discriminatedUnion(
  'of',
  // As many as would be too many to follow if each level had all of the one above it.
  ['a', 'b', 'c', 'd', 'e', 'f'].map(
    (of) => z.object({ of: z.literal(of), left: z.lazy(() => Expression), right: z.lazy(() => Expression) }),
    // Safe: there are several, which the type of a list does not tell.
  ) as never,
)

test.each<readonly [string, z.ZodType, unknown]>([
  ['a date', z.date(), date],
  ['a coerced date that may be missing or null', z.coerce.date().nullish(), date],
  ['a date with a default, within bounds', z.date().min(new Date(0)).default(new Date(0)), date],
  ['a list of dates', z.array(z.date()), date],
  ['a codec that gives a date', z.codec(z.iso.datetime(), z.date(), iso), date],
  ['an instance of Date', z.instanceof(Date), date],
  ['a bigint', z.bigint().positive().optional(), { type: 'long' }],
  ['a set of choices', z.set(z.enum(['a', 'b'])), { type: 'keyword' }],
  ['a set of dates', z.set(z.date()).optional(), date],
  ['a set of objects', z.set(z.object({ at: z.date() })), { properties: { at: date } }],
  ['bytes', z.instanceof(Uint8Array), { type: 'binary' }],
  ['bytes of Node', z.instanceof(Buffer).nullable(), { type: 'binary' }],
  ['a transformation, as what it takes', z.iso.datetime().transform((text) => new Date(text)), date],
  [
    'fields of an object',
    z.object({ at: z.date(), n: z.bigint() }),
    { properties: { at: date, n: { type: 'long' } } },
  ],
  ['an object with any keys', z.record(z.string(), z.date()), { type: 'flat_object' }],
  ['anything', z.unknown(), undefined],
  ['several kinds', z.union([z.date(), z.number()]), undefined],
  ['a format that nobody has heard of', z.string().meta({ format: 'constructor' }), text],
  ['any JSON', z.json(), undefined],
  ['a text, or lists of it in one another', z.lazy(() => Nested), undefined],
  ['a union that is one of its own alternatives', z.lazy(() => Alias), text],
  [
    'a union of objects with a field of a name that every object has',
    z.discriminatedUnion('k', [
      z.object({ k: z.literal('a'), constructor: z.string() }),
      z.object({ k: z.literal('b'), constructor: z.string(), toString: z.int() }),
    ]),
    { properties: { k: { type: 'keyword' }, constructor: text, toString: { type: 'long' } } },
  ],
  [
    'a set whose items hold themselves, beside something else that does',
    z.object({ leaf: z.lazy(() => Leaf), trees: z.set(z.object({ tree: z.lazy(() => Tree) })) }),
    {
      properties: {
        leaf: { properties: { n: { type: 'long' } } },
        trees: { properties: { tree: { properties: { at: date } } } },
      },
    },
  ],
])('%s is mapped', (_, field, expected) => expect(mapped(field)).toEqual(expected))

/** How many objects stand in one another along a field. */
const depthOf = (given: unknown, name: string): number => {
  const inner = Object(Object(given).properties)[name]
  return inner === undefined ? 0 : 1 + depthOf(inner, name)
}

test('a union that holds itself is followed as far as an object that does, whatever its alternatives', () => {
  const field = mapped(
    z.object({ expression: z.lazy(() => Expression), forest: z.set(z.lazy(() => Forest)) }),
  )
  const { expression, forest } = Object(field).properties
  expect(depthOf(expression, 'left')).toBe(9)
  expect(expression.properties.right.properties.of).toEqual({ type: 'keyword' })
  expect(depthOf(forest, 'trees')).toBe(1)
})

test('`fields` places a mapping under any name, and touches nothing but the definition', () => {
  const schema = z.object({ constructor: z.object({ at: z.date() }) })
  const keyword = { type: 'keyword' }
  const { mappings } = searchIndex('rows', schema, {
    fields: { 'constructor.name': keyword, 'toString.x': keyword, valueOf: keyword },
  }).definition
  expect(mappings.properties).toMatchObject({
    constructor: { properties: { at: date, name: keyword } },
    toString: { properties: { x: keyword } },
    valueOf: keyword,
  })
  for (const path of ['__proto__.x', 'a.__proto__', '__proto__'])
    expect(() => searchIndex('rows', schema, { fields: { [path]: keyword } })).toThrow(
      `'fields' names '${path}': expected a path without '__proto__'`,
    )
  for (const shared of [Object.prototype, Object, Object.prototype.toString])
    expect(Object.keys(shared)).toEqual([])
})

test('a field that cannot be told is named with the advice, once `fields` says how it is not', () => {
  const schema = z.object({
    price: z.custom<string>(),
    home: z.object({ at: z.instanceof(URL).optional() }),
    many: z.array(z.custom<string>()),
  })
  const problem = (path: string) =>
    `'of' does not say what the field '${path}' holds: name its mapping, as in fields: { '${path}': { type: 'keyword' } }`
  const made =
    (fields: Parameters<typeof searchIndex>[2] = {}) =>
    () =>
      searchIndex('rows', schema, fields)
  for (const path of ['price', 'home.at', 'many'])
    expect(made()).toThrow(
      expect.objectContaining({ code: 'configuration', message: expect.stringContaining(problem(path)) }),
    )
  const keyword = { type: 'keyword' }
  const { mappings } = made({
    fields: { price: keyword, home: { type: 'flat_object' }, 'many.x': keyword },
  })().definition
  expect(mappings.properties).toMatchObject({ price: keyword, home: { type: 'flat_object' } })
})

test('a schema that cannot be told as a whole is refused', () => {
  const whole = "'of' does not say what its documents look like"
  expect(() => searchIndex('rows', z.custom<object>())).toThrow(whole)
  expect(() => searchIndex('rows', z.instanceof(URL))).toThrow(whole)
})

test('an index of an entity has what its schema makes of a row, transformed or not', () => {
  const schema = z.object({ id: z.string(), at: z.iso.datetime().transform((text) => new Date(text)) })
  const index = searchIndex('rows', entity('row', { table: 'rows', key: 'id', schema }))
  expectTypeOf(index).toEqualTypeOf<SearchIndex<{ id: string; at: Date }>>()
  expect(index.definition.mappings.properties.at).toEqual(date)
})
