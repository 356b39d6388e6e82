/**
 * DynamoDB's attribute values, as plain values and back.
 *
 * | attribute | plain value        | attribute | plain value        |
 * |-----------|--------------------|-----------|--------------------|
 * | `S`       | string             | `M`       | object             |
 * | `N`       | number             | `L`       | array              |
 * | `B`       | Uint8Array         | `SS`      | Set of strings     |
 * | `BOOL`    | boolean            | `NS`      | Set of numbers     |
 * | `NULL`    | null               | `BS`      | Set of Uint8Arrays |
 *
 * Refused, with the path of what was wrong, whose names below the first level are `*`: a number that a double would round (unless asked for without loss), `N` that is no
 * number in whichever way it is asked for, an attribute called `__proto__`, nesting beyond DynamoDB's own 32 levels, binary that is not base64, and whatever is not an attribute value.
 *
 * This is the reference and the fallback of `image.ts`, which goes from bytes to plain values in one pass.
 */

import { SpaceshipError } from '../errors.ts'
import { cut } from '../foreign.ts'
import { given } from '../shapes.ts'
import { isClassless } from './exact.ts'
import { digitsOf, isNumber, MOST_CHARACTERS, type Numbers, numberOf } from './numbers.ts'

export type AttributeMap = Readonly<Record<string, unknown>>
export type Plain = Record<string, unknown>

export const MAX_DEPTH = 32

/**
 * Attribute values, from a record of a stream or from the SDK's client, as plain values.
 *
 * @param numbers what becomes of `N`: see the table in `numbers.ts`. @default 'double'
 * @throws SpaceshipError `attributes`, naming the path of what is refused
 * @example
 * unmarshal({ id: { S: 'c1' }, seats: { N: '5' } }) // { id: 'c1', seats: 5 }
 */
export function unmarshal(item: AttributeMap, numbers: Numbers = 'double'): Plain {
  return mapOf(item, '', 0, numbers)
}

function mapOf(map: unknown, path: string, depth: number, numbers: Numbers): Plain {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return unfit(path, map, 'a map')
  if (depth > MAX_DEPTH) return refuse(path, `is nested deeper than ${MAX_DEPTH} levels`)
  const plain: Plain = {}
  for (const [name, value] of Object.entries(map)) {
    const at = nameAt(path, name)
    if (name === '__proto__') refuse(at, 'is a name that could change the object itself: expected another')
    plain[name] = plainOf(value, at, depth + 1, numbers)
  }
  return plain
}

function plainOf(attribute: unknown, path: string, depth: number, numbers: Numbers): unknown {
  if (typeof attribute !== 'object' || attribute === null) return unfit(path, attribute, 'an attribute value')
  const entries = Object.entries(attribute)
  const [entry] = entries
  if (entry === undefined || entries.length > 1)
    return refuse(path, `has ${entries.length} types: expected one`)
  const [type, value] = entry
  switch (type) {
    case 'S':
      return textOf(value, path)
    case 'N':
      return number(value, path, numbers)
    case 'BOOL':
      return typeof value === 'boolean' ? value : unfit(path, value, 'true or false')
    case 'NULL':
      return null
    case 'M':
      return mapOf(value, path, depth, numbers)
    case 'L':
      if (depth > MAX_DEPTH) return refuse(path, `is nested deeper than ${MAX_DEPTH} levels`)
      return listOf(value, path).map((item, i) => plainOf(item, `${path}[${i}]`, depth + 1, numbers))
    case 'B':
      return binary(value, path)
    case 'SS':
      return new Set(listOf(value, path).map((item, i) => textOf(item, `${path}[${i}]`)))
    case 'NS':
      return new Set(listOf(value, path).map((item) => number(item, path, numbers)))
    case 'BS':
      return new Set(listOf(value, path).map((item) => binary(item, path)))
    default:
      return refuse(path, 'has a type that DynamoDB does not know')
  }
}

function textOf(value: unknown, path: string): string {
  return typeof value === 'string' ? value : unfit(path, value, 'a text')
}

function listOf(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) ? value : unfit(path, value, 'a list')
}

function binary(value: unknown, path: string): Uint8Array {
  // The SDK's clients have decoded it already; records hold base64.
  if (value instanceof Uint8Array) return value
  return (typeof value === 'string' ? bytesOf(value) : undefined) ?? unfit(path, value, 'base64')
}

/** Undefined for what is not base64, of which Buffer would take a part. */
export function bytesOf(base64: string): Uint8Array | undefined {
  const whole = base64.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(base64)
  return whole ? new Uint8Array(Buffer.from(base64, 'base64')) : undefined
}

function number(text: unknown, path: string, numbers: Numbers): unknown {
  if (typeof text !== 'string') return unfit(path, text, 'a number as text')
  if (text.length > MOST_CHARACTERS)
    return refuse(path, `is not a number: DynamoDB writes none of ${text.length} characters`)
  if (!isNumber(text)) return refuse(path, 'is not a number')
  const value = numberOf(text, numbers)
  if (value !== undefined) return value
  const digits = digitsOf(text).length
  return digits > 15
    ? refuse(
        path,
        `has ${digits} digits, more than a double can hold: expected numbers: 'lossless' of its entity`,
      )
    : refuse(path, 'is not a number that a double can hold')
}

/** Columns are shown by their names. A map may be keyed by data, which no message holds: further down a name is `*`. */
function nameAt(path: string, name: string): string {
  if (path === '') return name
  return name === '__proto__' ? `${path}.${name}` : `${path}.*`
}

/** A name may be as long as its record; who reads the message knows it by less. */
const LONGEST_PATH = 200

function unfit(path: string, value: unknown, expected: string): never {
  return refuse(path, `is ${given(value)}: expected ${expected}`)
}

function refuse(path: string, why: string): never {
  const shown = path.length <= LONGEST_PATH ? path : `${cut(path, LONGEST_PATH)}…`
  throw new SpaceshipError('attributes', `'${shown}' ${why}`)
}

/**
 * Plain values as attribute values. Undefined fields are left out.
 *
 * @throws SpaceshipError `attributes`, naming the path, for what DynamoDB cannot hold (functions, NaN, empty sets, undefined in a list,
 *   nesting beyond 32 levels), and for objects of a class, of which DynamoDB would hold the fields alone
 */
export function marshal(row: Readonly<Record<string, unknown>>): Record<string, Record<string, unknown>> {
  return attributesOf(row, '', 0)
}

function attributesOf(row: object, path: string, depth: number): Record<string, Record<string, unknown>> {
  if (depth > MAX_DEPTH) return refuse(path, `is nested deeper than ${MAX_DEPTH} levels`)
  const item: Record<string, Record<string, unknown>> = {}
  for (const [name, value] of Object.entries(row)) {
    const at = nameAt(path, name)
    if (name === '__proto__') refuse(at, 'is a name that could change the object itself: expected another')
    if (value !== undefined) item[name] = attributeOf(value, at, depth + 1)
  }
  return item
}

function attributeOf(value: unknown, path: string, depth: number): Record<string, unknown> {
  if (value === null) return { NULL: true }
  switch (typeof value) {
    case 'string':
      return { S: value }
    case 'boolean':
      return { BOOL: value }
    case 'bigint':
      return { N: String(value) }
    case 'number':
      return Number.isFinite(value) ? { N: String(value) } : refuse(path, 'is not a finite number')
    case 'object':
      return containerOf(value, path, depth)
    case 'undefined':
      return refuse(path, 'is undefined: expected null, or no such item')
    default:
      return refuse(path, `is a ${typeof value}: expected a value that DynamoDB can hold`)
  }
}

function containerOf(value: object, path: string, depth: number): Record<string, unknown> {
  if (value instanceof Uint8Array) return { B: Buffer.from(value).toString('base64') }
  if (value instanceof Set) return setOf([...value], path)
  if (Array.isArray(value)) {
    if (depth > MAX_DEPTH) return refuse(path, `is nested deeper than ${MAX_DEPTH} levels`)
    return { L: Array.from(value, (item, i) => attributeOf(item, `${path}[${i}]`, depth + 1)) }
  }
  if (value instanceof Date || value instanceof Map)
    return refuse(path, 'is a Date or a Map: expected a string, a number or an object')
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return refuse(path, 'is binary in another form: expected a Uint8Array')
  if (!isClassless(value)) return refuse(path, 'is an object of a class: expected a plain object')
  return { M: attributesOf(value, path, depth) }
}

function setOf(items: readonly unknown[], path: string): Record<string, unknown> {
  if (items.length === 0) return refuse(path, 'is an empty set: expected at least one item')
  if (items.every((item) => typeof item === 'string')) return { SS: items }
  if (items.every((item) => typeof item === 'number' || typeof item === 'bigint'))
    return { NS: items.map(String) }
  if (items.every((item) => item instanceof Uint8Array))
    return { BS: items.map((item) => Buffer.from(item).toString('base64')) }
  return refuse(path, 'is a set of mixed types: expected only strings, only numbers or only binary')
}
