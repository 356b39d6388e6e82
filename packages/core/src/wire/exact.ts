/**
 * Owns the way of values into JSON: exactly, or not at all. Stores, streams and their doubles in memory all pass here, so that what is
 * refused in production is refused in tests, and nothing changes on its way.
 *
 * | value                                            | as JSON                                                        |
 * |--------------------------------------------------|----------------------------------------------------------------|
 * | text, boolean, null, a number that is finite     | as it is; -0 is 0                                              |
 * | a plain object, a list                           | as it is; a field that is undefined is left out                |
 * | an integer that is written with other digits     | refused where a reader in another language would keep them:    |
 * | than it has, as 2^60 is                          | for `digits`                                                   |
 * | a bigint, a Set, a Map, bytes, a Date            | refused: JSON would drop, round or rename it                   |
 * | NaN and the infinities, undefined in a list      | refused: JSON would make null of them                          |
 * | a function, a symbol, an object of another class | refused                                                        |
 * | a field named by a symbol, a field of a list     | refused: JSON would drop it                                    |
 * | more than 1,000 levels, or a circle              | refused                                                        |
 *
 * A path shows the names of the first level, and further down those that somebody has declared; others may be data, and are `*`.
 */

import { Permanent } from '../verdicts.ts'
import { pathOf } from './path.ts'

/** Many times what DynamoDB's 32 levels need, and a fraction of what the stack holds. */
const MOST_LEVELS = 1_000

export interface ExactOptions {
  /** What stands for an object that JSON does not carry; undefined if it is refused. @default refuses all of them */
  readonly replace?: (value: object) => unknown
  /** Takes bigints, which are integers with all their digits in JSON. @default false */
  readonly bigints?: boolean
  /** Refuses an integer that JavaScript writes with other digits than it has. @default false */
  readonly digits?: boolean
  /** Names that messages may show wherever they stand. @default none below the first level */
  readonly names?: () => ReadonlySet<string>
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
  return copyOf(value, { ...options, what, path: [] })
}

/** The text of it; with `bigints` these are integers with all their digits. @throws Permanent likewise */
export function exactJson(value: object, what: string, options: ExactOptions = {}): string {
  // Most values are told to be as they should be for a fraction of what a copy costs.
  if (isExact(value, options.digits === true, 0)) return JSON.stringify(value)
  const copy = exact(value, what, options)
  return options.bigints === true ? JSON.stringify(copy, allDigits) : JSON.stringify(copy)
}

// Safe: the method exists in every Node that this package supports; the type library does not know it yet.
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }

function allDigits(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value
}

/** Whether a value certainly comes back out of JSON as it is. In doubt it is looked at by whoever copies it. */
function isExact(value: unknown, digits: boolean, level: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !(digits && isWrittenOtherwise(value))
    case 'object':
      if (value === null) return true
      // JavaScript's own objects, such as `Math`, have a symbol that says what they are.
      if (level > MOST_LEVELS || Object.getOwnPropertySymbols(value).length > 0) return false
      return Array.isArray(value) ? isExactList(value, digits, level) : areExactFields(value, digits, level)
    default:
      return false
  }
}

function isExactList(list: readonly unknown[], digits: boolean, level: number): boolean {
  if (Object.getPrototypeOf(list) !== Array.prototype || Object.keys(list).length !== list.length)
    return false
  for (let i = 0; i < list.length; i += 1) if (!isExact(list[i], digits, level + 1)) return false
  return true
}

function areExactFields(object: object, digits: boolean, level: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const name in object) {
    // Safe: it is asked for what it has.
    const field = (object as Readonly<Record<string, unknown>>)[name]
    if (field !== undefined && !isExact(field, digits, level + 1)) return false
  }
  return true
}

interface Walk extends ExactOptions {
  readonly what: string
  /** Where the walk stands. What is refused ends it, so the path of a refusal is this one. */
  readonly path: (string | number)[]
}

function copyOf(value: unknown, walk: Walk): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) return refuse(walk, String(value), 'null or a text')
      if (walk.digits === true && isWrittenOtherwise(value))
        return refuse(walk, 'an integer that JavaScript writes with other digits', 'its digits as a text')
      // -0 is 0 in JSON.
      return value + 0
    case 'bigint':
      return walk.bigints === true ? value : refuse(walk, 'a bigint', 'its text')
    case 'object':
      return value === null ? null : copyOfObject(value, walk)
    case 'undefined':
      return refuse(walk, 'undefined', 'null')
    default:
      return refuse(walk, `a ${typeof value}`, 'a value that JSON carries')
  }
}

/** From 1e21 on JavaScript writes an exponent, which nobody takes for all digits. */
function isWrittenOtherwise(value: number): boolean {
  if (!Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) >= 1e21) return false
  return BigInt(value) !== BigInt(String(value))
}

function copyOfObject(value: object, walk: Walk): unknown {
  if (walk.path.length > MOST_LEVELS) {
    walk.path.length = 5
    return refuse(walk, `within more than ${MOST_LEVELS} levels, or a circle`, 'fewer levels')
  }
  if (Array.isArray(value) && !hasToJson(value)) return copyOfList(value, walk)
  if (isPlain(value)) return copyOfFields(value, walk)
  const replaced = walk.replace?.(value)
  if (replaced !== undefined && replaced !== value) return copyOf(replaced, walk)
  const [is, advice] = adviceFor(value)
  return refuse(walk, is, advice)
}

function copyOfList(list: readonly unknown[], walk: Walk): unknown[] {
  // Items and `length`; a hole is refused as the undefined that it is.
  if (Reflect.ownKeys(list).length > list.length + 1 && Object.keys(list).some((key) => !/^\d+$/.test(key)))
    return refuse(walk, 'a list with a field beside its items', 'an object, or a list of items alone')
  refuseSymbols(list, walk)
  const copy: unknown[] = []
  for (let i = 0; i < list.length; i += 1) {
    walk.path.push(i)
    copy.push(copyOf(list[i], walk))
    walk.path.pop()
  }
  return copy
}

function copyOfFields(object: object, walk: Walk): unknown {
  refuseSymbols(object, walk)
  const fields: [string, unknown][] = []
  for (const [name, field] of Object.entries(object)) {
    if (field === undefined) continue
    walk.path.push(name)
    fields.push([name, copyOf(field, walk)])
    walk.path.pop()
  }
  // An assignment would take `__proto__` for the prototype.
  return Object.fromEntries(fields)
}

function refuseSymbols(value: object, walk: Walk): void {
  const symbols = Object.getOwnPropertySymbols(value)
  if (symbols.some((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol)))
    refuse(walk, 'an object with a field named by a symbol', 'names that are texts')
}

/** Of no class, and none of JavaScript's own objects, such as `Math`. */
function isPlain(value: object): boolean {
  if (hasToJson(value) || Object.prototype.toString.call(value) !== '[object Object]') return false
  return isClassless(value)
}

/** Of no class, whichever realm it comes from. */
export function isClassless(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // The one of a realm has `isPrototypeOf`; an object that inherits from another one loses what it inherits.
  return (
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(Object(prototype), 'isPrototypeOf'))
  )
}

function hasToJson(value: object): boolean {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

function adviceFor(value: object): readonly [is: string, advice: string] {
  if (value instanceof Set) return ['a Set', 'a list of its items']
  if (value instanceof Map) return ['a Map', 'a plain object, as of Object.fromEntries']
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return ['binary', 'its base64']
  if (value instanceof Date) return ['a Date', 'its toISOString()']
  if (!isClassless(value)) return ['an object of a class', 'a plain object']
  if (hasToJson(value)) return ['an object with a toJSON of its own', 'what its toJSON() gives']
  return ["an object of JavaScript's own", 'a plain object']
}

function refuse({ what, path, names }: Walk, is: string, expected: string): never {
  const where = path.length === 0 ? 'it' : `'${pathOf(path, names?.())}'`
  throw new Permanent(`${what}: ${where} is ${is}, which JSON does not carry as it is: expected ${expected}`)
}
