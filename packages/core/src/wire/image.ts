/**
 * One pass from the bytes of an image to plain values, without the `{"S": …}` objects between. What is not exactly what
 * DynamoDB writes gives `undefined`; then `unmarshal` decides, and finds the words for what is wrong.
 */

import { bytesOf, MAX_DEPTH, type Plain } from './attributes.ts'
import { ODD, stringEnd, wordEnd } from './json.ts'
import { type Numbers, numberOf } from './numbers.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BRACKET = 0x5b
const BACKSLASH = 0x5c
const UNBRACKET = 0x5d
const BRACE = 0x7b
const UNBRACE = 0x7d

interface Cursor {
  readonly data: Buffer
  /** The bytes from `base` on, a character each: what is ASCII is cut out of it. */
  readonly text: string
  readonly base: number
  readonly numbers: Numbers
  at: number
}

export interface Found {
  readonly plain: Plain
  /** The index after it. */
  readonly end: number
}

/** The image whose brace stands at `start`, if it is JSON and every attribute in it a DynamoDB value. */
export function imageAt(data: Buffer, start: number, numbers: Numbers): Found | undefined {
  const cursor = { data, text: data.toString('latin1', start), base: start, numbers, at: start }
  const plain = mapAt(cursor, 0)
  return plain && { plain, end: cursor.at }
}

function mapAt(cursor: Cursor, depth: number): Plain | undefined {
  const { data } = cursor
  if (data[cursor.at] !== BRACE || depth > MAX_DEPTH) return undefined
  const plain: Plain = {}
  cursor.at += 1
  if (data[cursor.at] === UNBRACE) return skip(cursor, UNBRACE, plain)
  for (;;) {
    const name = stringAt(cursor)
    if (name === undefined || name === '__proto__' || data[cursor.at] !== COLON) return undefined
    cursor.at += 1
    const value = attributeAt(cursor, depth + 1)
    if (value === undefined) return undefined
    plain[name] = value
    if (data[cursor.at] !== COMMA) return skip(cursor, UNBRACE, plain)
    cursor.at += 1
  }
}

function listAt(cursor: Cursor, depth: number): unknown[] | undefined {
  const { data } = cursor
  if (data[cursor.at] !== BRACKET || depth > MAX_DEPTH) return undefined
  const list: unknown[] = []
  cursor.at += 1
  if (data[cursor.at] === UNBRACKET) return skip(cursor, UNBRACKET, list)
  for (;;) {
    const value = attributeAt(cursor, depth + 1)
    if (value === undefined) return undefined
    list.push(value)
    if (data[cursor.at] !== COMMA) return skip(cursor, UNBRACKET, list)
    cursor.at += 1
  }
}

/** `{"S":"…"}`, of whatever type. */
function attributeAt(cursor: Cursor, depth: number): unknown {
  const { data, at } = cursor
  if (data[at] !== BRACE || data[at + 1] !== QUOTE) return undefined
  let value: unknown
  if (data[at + 3] === QUOTE && data[at + 4] === COLON) {
    cursor.at = at + 5
    value = scalarAt(cursor, data[at + 2], depth)
  } else if (data[at + 3] === 0x53) {
    if (data[at + 4] !== QUOTE || data[at + 5] !== COLON) return undefined
    cursor.at = at + 6
    value = setAt(cursor, data[at + 2])
  } else if (wordEnd(data, at, '{"NULL":true') !== ODD) {
    value = null
    cursor.at = at + 12
  } else if (wordEnd(data, at, '{"BOOL":') !== ODD) {
    value = data[at + 8] === 0x74
    cursor.at = wordEnd(data, at + 8, value ? 'true' : 'false')
  }
  // A second type, or what is no value, leaves something else here.
  return skip(cursor, UNBRACE, value)
}

function skip<T>(cursor: Cursor, byte: number, value: T): T | undefined {
  if (cursor.data[cursor.at] !== byte) return undefined
  cursor.at += 1
  return value
}

function scalarAt(cursor: Cursor, type: number | undefined, depth: number): unknown {
  switch (type) {
    case 0x53:
      return stringAt(cursor)
    case 0x4e:
      return numberAt(cursor)
    case 0x4d:
      return mapAt(cursor, depth)
    case 0x4c:
      return listAt(cursor, depth)
    case 0x42:
      return binaryAt(cursor)
  }
  return undefined
}

function setAt(cursor: Cursor, type: number | undefined): Set<unknown> | undefined {
  const { data } = cursor
  if (data[cursor.at] !== BRACKET) return undefined
  const set = new Set()
  do {
    cursor.at += 1
    // No list in a list, nor a map.
    const value = type === 0x4d || type === 0x4c ? undefined : scalarAt(cursor, type, 0)
    if (value === undefined) return undefined
    set.add(value)
  } while (data[cursor.at] === COMMA)
  return skip(cursor, UNBRACKET, set)
}

function binaryAt(cursor: Cursor): Uint8Array | undefined {
  const text = stringAt(cursor)
  return text === undefined ? undefined : bytesOf(text)
}

function stringAt(cursor: Cursor): string | undefined {
  const { data, base } = cursor
  const { length } = data
  const start = cursor.at + 1
  if (data[cursor.at] !== QUOTE) return undefined
  let seen = 0
  for (let i = start; i < length; i += 1) {
    // Within the bounds.
    const byte = data[i] as number
    if (byte === QUOTE) {
      cursor.at = i + 1
      return seen < 0x80 ? cursor.text.slice(start - base, i - base) : data.toString('utf8', start, i)
    }
    if (byte < 0x20) return undefined
    if (byte === BACKSLASH) return escapedAt(cursor)
    seen |= byte
  }
  return undefined
}

function escapedAt(cursor: Cursor): string | undefined {
  const { data, at } = cursor
  cursor.at = stringEnd(data, at, data.length)
  return cursor.at > data.length ? undefined : JSON.parse(data.toString('utf8', at, cursor.at))
}

/** Up to 15 digits in a double, divided by a power of ten that is exact too, are rounded once: as Number() does. */
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]

function numberAt(cursor: Cursor): unknown {
  const { data, at, numbers } = cursor
  if (numbers !== 'text' && data[at] === QUOTE) {
    const negative = data[at + 1] === 0x2d
    const start = at + (negative ? 2 : 1)
    let value = 0
    let point = -1
    let i = start
    for (; i < start + 16; i += 1) {
      const digit = (data[i] ?? 0) - 0x30
      if (digit >= 0 && digit <= 9) value = value * 10 + digit
      else if (digit === -2 && point < 0) point = i
      else break
    }
    const digits = i - start - (point < 0 ? 0 : 1)
    if (data[i] === QUOTE && digits > 0 && digits <= 15) {
      cursor.at = i + 1
      if (point >= 0) value /= POWERS[i - point - 1] ?? 1
      return negative ? -value : value
    }
  }
  const text = stringAt(cursor)
  return text === undefined || numbers === 'text' ? text : numberOf(text, numbers)
}
