/**
 * Owns what can be told of a schema without running it: validators that follow Standard JSON Schema (zod 4.2, arktype 2.1.28 and later) say
 * what their input looks like. Nothing is told of the others.
 */

import type { Entity } from '@spaceship/core'
import type { KeyType } from '@spaceship/local'

type Schema = Entity<unknown>['spec']['schema']
type Fields = Readonly<Record<string, unknown>>

function propertiesOf(schema: Schema): { readonly properties: Fields; readonly required: readonly string[] } {
  try {
    const json: unknown = Object(schema)['~standard']?.jsonSchema?.input?.({ target: 'draft-2020-12' })
    const { properties, required, oneOf, anyOf } = Object(json)
    // Of a union the first form.
    const [first] = oneOf ?? anyOf ?? []
    const one = Object(properties === undefined ? first : { properties, required })
    return { properties: one.properties ?? {}, required: one.required ?? [] }
  } catch {
    // A schema with a transform may have no JSON Schema at all.
    return { properties: {}, required: [] }
  }
}

/** The types of key attributes that are no strings. */
export function keyTypesOf({
  key,
  schema,
}: Pick<Entity<unknown>['spec'], 'key' | 'schema'>): Record<string, KeyType> {
  const { properties } = propertiesOf(schema)
  return Object.fromEntries(
    key.flatMap((name) => {
      const { type } = Object(properties[name])
      return type === 'number' || type === 'integer' ? [[name, 'N'] as const] : []
    }),
  )
}

/** A value that shows what the schema asks for: its required fields; undefined if the schema does not say. */
export function exampleOf(schema: Schema): Fields | undefined {
  const { properties, required } = propertiesOf(schema)
  return required.length === 0 ? undefined : sampleOfFields(properties, required)
}

function sampleOfFields(properties: Fields, required: readonly string[]): Fields {
  return Object.fromEntries(required.map((name) => [name, sample(name, Object(properties[name]))]))
}

const TEXTS: Readonly<Record<string, string>> = {
  date: '2026-11-24',
  'date-time': '2026-11-24T09:00:00Z',
  email: 'ada@example.com',
  uri: 'https://example.com',
  uuid: '1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b',
}

/** What the field's own words allow; a pattern is beyond it. */
function sample(name: string, field: Fields): unknown {
  const { type, enum: choices, const: only, format, anyOf, oneOf } = field
  if (only !== undefined) return only
  const [first] = [oneOf, anyOf].find(Array.isArray) ?? []
  if (first !== undefined) return sample(name, Object(first))
  if (Array.isArray(choices)) return choices[0]
  const { properties = {}, required = [], items, minItems = 0 } = Object(field)
  switch (Array.isArray(type) ? type[0] : type) {
    case 'integer':
    case 'number':
      return numberFor(field)
    case 'boolean':
      return true
    case 'array':
      return Array.from({ length: minItems }, () => sample(name, Object(items)))
    case 'object':
      return sampleOfFields(properties, required)
    case 'null':
      return null
    default:
      return TEXTS[String(format)] ?? `${name}-1`
  }
}

function numberFor({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Fields): number {
  const least = Math.max(Number(minimum ?? -Infinity), Number(exclusiveMinimum ?? -Infinity) + 1)
  const most = Math.min(Number(maximum ?? Infinity), Number(exclusiveMaximum ?? Infinity) - 1)
  return Math.max(least, Math.min(most, 1))
}
