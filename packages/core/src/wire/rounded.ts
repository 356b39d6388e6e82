/**
 * Owns the search for integers in JSON that JSON.parse changes without a word: JavaScript would write them otherwise. Services in other
 * languages publish 64-bit ids as numbers. An integer is what has no fraction, however it is written; a decimal is what a double makes of it.
 */

import { digitsOf, integerDigits } from './numbers.ts'
import { pathOf } from './path.ts'

/** What a double may change has so many digits, a point among them or not, or an exponent of as many as its own largest one. */
const SUSPICIOUS = /[\d.]{16}|\de\+?\d{3}/i

/** No number that anybody counts. */
const MOST_DIGITS = 1_000_000

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
      rounded.set(mark, integerDigits(source) ?? source.length)
      return mark
    })
  } catch {
    // Nested so deep that the stack ends: nobody reads that.
    return undefined
  }
  const found = first(Object(json)[member], rounded)
  if (found === undefined) return undefined
  const digits = found.digits <= MOST_DIGITS ? found.digits : `more than ${MOST_DIGITS}`
  // A list or a number may be the whole of it.
  const at = pathOf(found.path)
  return `'${member}${at === '' || at.startsWith('[') ? at : `.${at}`}' is an integer of ${digits} digits, which a double would change: expected it as a text`
}

function isKept(source: string, value: number): boolean {
  if (integerDigits(source) === undefined) return true
  return Number.isFinite(value) && digitsOf(source) === digitsOf(String(value))
}

interface Found {
  /** From the outside to the inside. */
  readonly path: (string | number)[]
  readonly digits: number
}

/** The path is made on the way back, if there is one. */
function first(value: unknown, rounded: WeakMap<object, number>): Found | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const digits = rounded.get(value)
  if (digits !== undefined) return { path: [], digits }
  for (const [name, inner] of Object.entries(value)) {
    const found = first(inner, rounded)
    if (found === undefined) continue
    found.path.unshift(Array.isArray(value) ? Number(name) : name)
    return found
  }
  return undefined
}
