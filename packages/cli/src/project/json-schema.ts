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
  if (required.length === 0) return undefined
  return Object.fromEntries(required.map((name) => [name, sample(name, Object(properties[name]))]))
}

function sample(name: string, { type, enum: choices, const: only, format }: Fields): unknown {
  if (only !== undefined) return only
  if (Array.isArray(choices)) return choices[0]
  if (format === 'date-time') return '2026-11-24T09:00:00Z'
  if (format === 'email') return 'ada@example.com'
  switch (type) {
    case 'integer':
    case 'number':
      return 1
    case 'boolean':
      return true
    case 'array':
      return []
    case 'object':
      return {}
    default:
      return `${name}-1`
  }
}
