/**
 * Owns the names that a schema declares. Issues have the path of what does not fit, and a path through a record or a map holds keys that are
 * data; a name that stands in the schema is the code's. Standard Schema does not say what a schema is made of, so this knows where
 * libraries keep their fields; of any other library no name is known.
 *
 * | library  | fields                                                   |
 * |----------|----------------------------------------------------------|
 * | zod 3, 4 | `shape` of each object, within `def` or `_def`           |
 * | valibot  | `entries` of each object                                 |
 * | arktype  | `key` of each of `required` and `optional`, within `json` |
 */

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { fieldOf } from '../foreign.ts'

/** Where a part of a schema holds other parts. */
const PARTS =
  'def _def shape entries json required optional element items item rest catchall options innerType in out left right valueType type value schema wrapped pipe sequence branches index union'.split(
    ' ',
  )

/** A schema may refer to itself, and a foreign object hold anything. */
const MOST_PARTS = 5_000

/** The names of all fields that stand somewhere in a schema. Never throws, whatever the schema is. */
export function declaredNames(schema: StandardSchemaV1): ReadonlySet<string> {
  const names = new Set<string>()
  const seen = new Set<unknown>()
  const waiting: unknown[] = [schema]
  while (waiting.length > 0 && seen.size < MOST_PARTS) {
    const part = waiting.pop()
    if (!isHolder(part) || seen.has(part)) continue
    seen.add(part)
    const key = fieldOf(part, 'key')
    if (typeof key === 'string') names.add(key)
    for (const name of ['shape', 'entries']) {
      const fields = fieldsOf(fieldOf(part, name))
      for (const [field, inner] of fields) {
        names.add(field)
        waiting.push(inner)
      }
    }
    for (const name of PARTS) waiting.push(fieldOf(part, name))
    if (Array.isArray(part)) waiting.push(...part.slice(0, MOST_PARTS))
  }
  return names
}

/** An object, or a function: a schema of arktype is one, and zod 3 keeps a shape behind one. */
function isHolder(value: unknown): value is object {
  return Object(value) === value
}

function fieldsOf(shape: unknown): readonly [string, unknown][] {
  try {
    const fields: unknown = typeof shape === 'function' ? shape() : shape
    return isHolder(fields) ? Object.entries(fields) : []
  } catch {
    // A getter that throws, or a schema that refers to what is not there yet.
    return []
  }
}
