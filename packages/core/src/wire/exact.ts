/**
 * Owns the way of values into JSON: exactly, or not at all. Stores, streams and their doubles in memory all pass here, so that what is
 * refused in production is refused in tests, and nothing changes on its way.
 *
 * | value                                            | as JSON                                                        |
 * |--------------------------------------------------|----------------------------------------------------------------|
 * | text, boolean, null, a number that is finite     | as it is; -0 is 0                                              |
 * | a plain object, a list                           | as it is; a field that is undefined is left out                |
 * | a bigint, a Set, a Map, bytes, a Date            | refused: JSON would drop, round or rename it                   |
 * | NaN and the infinities, undefined in a list      | refused: JSON would make null of them                          |
 * | a function, a symbol, an object of another class | refused                                                        |
 * | more than 1,000 levels, or a circle              | refused                                                        |
 */

import { cut } from '../foreign.ts'
import { Permanent } from '../verdicts.ts'

/** Many times what DynamoDB's 32 levels need, and a fraction of what the stack holds. */
const MOST_LEVELS = 1_000

/** Names in messages; a path may be as long as what was given. */
const LONGEST_PATH = 200

export interface ExactOptions {
  /** What stands for an object that JSON does not carry; undefined if it is refused. @default refuses all of them */
  readonly replace?: (value: object) => unknown
  /** Leaves bigints as they are, for whoever writes them with all digits. @default false */
  readonly bigints?: boolean
}

/**
 * A copy of a value as it comes back out of JSON.
 *
 * @param what names the value in the message: `the payload of 'invoice.paid'`
 * @throws Permanent for what JSON does not carry, with its path and what to give instead
 * @example
 * exact({ seats: 5, note: undefined }, 'the payload') // { seats: 5 }
 */
export function exact(value: unknown, what: string, options: ExactOptions = {}): unknown {
  return copyOf(value, { what, ...options }, [])
}

/** The text of it. @throws Permanent likewise */
export function exactJson(value: object, what: string): string {
  return JSON.stringify(exact(value, what))
}

interface Walk extends ExactOptions {
  readonly what: string
}

type Path = readonly (string | number)[]

function copyOf(value: unknown, walk: Walk, path: Path): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      // -0 is 0 in JSON.
      return Number.isFinite(value) ? value + 0 : refuse(walk, path, String(value), 'null or a text')
    case 'bigint':
      return walk.bigints === true ? value : refuse(walk, path, 'a bigint', 'its text')
    case 'object':
      return value === null ? null : copyOfObject(value, walk, path)
    case 'undefined':
      return refuse(walk, path, 'undefined', 'null')
    default:
      return refuse(walk, path, `a ${typeof value}`, 'a value that JSON carries')
  }
}

function copyOfObject(value: object, walk: Walk, path: Path): unknown {
  if (path.length > MOST_LEVELS)
    return refuse(
      walk,
      path.slice(0, 5),
      `within more than ${MOST_LEVELS} levels, or a circle`,
      'fewer levels',
    )
  if (Array.isArray(value)) return Array.from(value, (item, i) => copyOf(item, walk, [...path, i]))
  if (isPlain(value)) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined)
    return Object.fromEntries(fields.map(([name, field]) => [name, copyOf(field, walk, [...path, name])]))
  }
  const replaced = walk.replace?.(value)
  if (replaced !== undefined && replaced !== value) return copyOf(replaced, walk, path)
  const [is, advice] = adviceFor(value)
  return refuse(walk, path, is, advice)
}

/** Of no class; whichever realm it comes from. */
function isPlain(value: object): boolean {
  if ('toJSON' in value && typeof value.toJSON === 'function') return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function adviceFor(value: object): readonly [is: string, advice: string] {
  if (value instanceof Set) return ['a Set', 'a list of its items']
  if (value instanceof Map) return ['a Map', 'a plain object, as of Object.fromEntries']
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return ['binary', 'its base64']
  if (value instanceof Date) return ['a Date', 'its toISOString()']
  return ['an object of a class', 'a plain object']
}

function refuse({ what }: Walk, path: Path, is: string, expected: string): never {
  const at = path
    .map((part, n) => (typeof part === 'number' ? `[${part}]` : n === 0 ? part : `.${part}`))
    .join('')
  const shown = at.length <= LONGEST_PATH ? at : `${cut(at, LONGEST_PATH)}…`
  const where = at === '' ? 'it' : `'${shown}'`
  throw new Permanent(`${what}: ${where} is ${is}, which JSON does not carry as it is: expected ${expected}`)
}
