/**
 * Owns the search for integers in JSON that JSON.parse changes without a word: JavaScript would write them otherwise. Services in other
 * languages publish 64-bit ids as numbers.
 */

import { digitsOf, isInteger } from './numbers.ts'

/** What a double may change has so many digits, or an exponent of as many as its own largest one. */
const SUSPICIOUS = /\d{16}|\de\+?\d{3}/i

/** More is none of DynamoDB's, and no integer that anybody means. */
const LONGEST = 40

// Safe: every Node that this package supports passes the third argument; the type library does not know it yet.
type Reviver = (name: string, value: unknown, context: { readonly source?: string }) => unknown
const parseWith = JSON.parse as (text: string, reviver: Reviver) => unknown

/**
 * The first integer of a JSON object's member that a double writes otherwise, in words; undefined if there is none.
 *
 * @param text valid JSON
 * @example
 * roundedIn('{"data":{"id":9007199254740993}}', 'data') // "'data.id' is an integer of 16 digits, ..."
 */
export function roundedIn(text: string, member: string): string | undefined {
  if (!SUSPICIOUS.test(text)) return undefined
  const rounded = new WeakMap<object, number>()
  let json: unknown
  try {
    json = parseWith(text, (_, value, { source }) => {
      if (typeof value !== 'number' || source === undefined || isKept(source, value)) return value
      const mark = {}
      rounded.set(mark, source.length <= LONGEST ? digitsOf(source).length : source.length)
      return mark
    })
  } catch {
    // Nested so deep that the stack ends: nobody reads that.
    return undefined
  }
  const found = first(Object(json)[member], member, rounded)
  if (found === undefined) return undefined
  return `'${found.path}' is an integer of ${found.digits} digits, which a double would change: expected it as a text`
}

function isKept(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false
  return !isInteger(source) || digitsOf(source) === digitsOf(String(value))
}

function first(
  value: unknown,
  path: string,
  rounded: WeakMap<object, number>,
): { readonly path: string; readonly digits: number } | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const digits = rounded.get(value)
  if (digits !== undefined) return { path, digits }
  for (const [name, inner] of Object.entries(value)) {
    const found = first(inner, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`, rounded)
    if (found !== undefined) return found
  }
  return undefined
}
