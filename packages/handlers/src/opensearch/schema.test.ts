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
const iso = { decode: (text: string) => new Date(text), encode: (at: Date) => at.toISOString() }

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
])('%s is mapped', (_, field, expected) => expect(mapped(field)).toEqual(expected))

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
