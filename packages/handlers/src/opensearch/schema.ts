/**
 * Owns what a schema says its documents look like, as JSON Schema.
 *
 * | the schema has                                  | as JSON Schema                                                     |
 * |-------------------------------------------------|--------------------------------------------------------------------|
 * | what JSON Schema has, too                       | that                                                               |
 * | dates, as of `z.date()`                         | texts that are a date and a time                                   |
 * | bigints, sets, bytes                            | integers, lists, texts of the format `binary`                      |
 * | a transformation                                | what it takes: what it gives cannot be told                        |
 * | another class, or a check of somebody's alone   | marked, and `fields` has to say how it is mapped                   |
 *
 * Handlers see what the schema gives, so that is asked for first. What zod is told goes to other libraries, too, which pass it over.
 */

import { isRecord, type Json, ownOf, UNTOLD } from './mapping.ts'

type Side = 'output' | 'input'

const DATE: Json = { type: 'string', format: 'date-time' }
const UNKNOWN: Json = { [UNTOLD]: true }

/** Undefined of a schema that does not tell. */
export function jsonSchemaOf(schema: unknown): Json | undefined {
  const output = sideOf(schema, 'output')
  const input = sideOf(schema, 'input')
  const told = output === undefined ? input : completed(output, input)
  return isRecord(told) && told[UNTOLD] !== true ? told : undefined
}

/** @param open the sets that this stands in: each is told by itself, and one that holds itself would be without end */
function sideOf(schema: unknown, side: Side, open: readonly unknown[] = []): Json | undefined {
  const { jsonSchema } = Object(Object(schema)['~standard'])
  const override = ({ zodSchema, jsonSchema: json }: { zodSchema: unknown; jsonSchema: object }) => {
    Object.assign(json, jsonOf(zodSchema, side, open))
  }
  try {
    const libraryOptions = { unrepresentable: 'any', override }
    const json: unknown = jsonSchema?.[side]?.({ target: 'draft-2020-12', libraryOptions })
    return isRecord(json) ? json : undefined
  } catch {
    // A library may throw for what it cannot tell.
    return undefined
  }
}

/** Of a kind of zod's that JSON Schema does not have. https://zod.dev/json-schema#unrepresentable */
function jsonOf(schema: unknown, side: Side, open: readonly unknown[]): Json | undefined {
  const { def, bag } = Object(Object(schema)._zod)
  switch (Object(def).type) {
    case 'date':
      return DATE
    case 'bigint':
      return { type: 'integer' }
    case 'set':
      if (open.includes(def)) return { type: 'array' }
      return { type: 'array', items: sideOf(def.valueType, side, [...open, def]) ?? {} }
    case 'custom':
      return jsonOfClass(Object(bag).Class)
    case 'transform':
    case 'map':
      return UNKNOWN
    default:
      return undefined
  }
}

/** Of `z.instanceof`; undefined for `z.custom`. */
function jsonOfClass(given: unknown): Json {
  if (given === Date) return DATE
  const isBytes =
    typeof given === 'function' && (given === Uint8Array || given.prototype instanceof Uint8Array)
  return isBytes ? { type: 'string', format: 'binary' } : UNKNOWN
}

/** What a transformation gives is filled with what it takes, which stands at the same place. */
function completed(output: unknown, input: unknown): unknown {
  if (Array.isArray(output)) return output.map((item, n) => completed(item, ownOf(input, n)))
  if (!isRecord(output)) return output
  if (output[UNTOLD] === true) return isRecord(input) ? input : output
  return Object.fromEntries(
    Object.entries(output).map(([name, value]) => [name, completed(value, ownOf(input, name))]),
  )
}
