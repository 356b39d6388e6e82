/** The values that commands propose: what is shown can be typed. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { exampleOf } from './json-schema.ts'

const fields: Readonly<Record<string, z.ZodType>> = {
  'a text': z.string(),
  'a word of several': z.enum(['trial', 'paid']),
  'a number of several': z.union([z.literal(1), z.literal(2), z.literal(3)]),
  'one of two forms': z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('card'), last4: z.string() }),
    z.object({ kind: z.literal('bank'), iban: z.string() }),
  ]),
  'null or a text': z.string().nullable(),
  'a text of a form': z.object({
    id: z.uuid(),
    day: z.iso.date(),
    at: z.iso.datetime(),
    to: z.email(),
    url: z.url(),
  }),
  'a number within bounds': z.object({
    port: z.int().min(1_024).max(65_535),
    percent: z.number().gt(5).lt(100),
    below: z.number().max(-3),
  }),
  'a list that is not empty': z.array(z.object({ sku: z.string(), count: z.int().positive() })).min(2),
  'a list': z.array(z.string()),
  'an object in an object': z.object({ address: z.object({ city: z.string(), zip: z.string().optional() }) }),
  'yes or no': z.boolean(),
}

test.each(Object.entries(fields))('%s: the proposed value fits its schema', (_, field) => {
  const schema = z.object({ id: z.string(), field })
  const example = exampleOf(schema)
  expect(example).toHaveProperty('field')
  expect(schema.safeParse(example).error?.issues ?? []).toEqual([])
})

test('of a schema that does not say what it looks like nothing is proposed', () => {
  expect(exampleOf(z.custom<{ id: string }>())).toBeUndefined()
})
