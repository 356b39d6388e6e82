/**
 * One pass from the bytes of an image to plain values, without the `{"S": …}` objects between. What is not JSON, or not exactly
 * what DynamoDB writes, gives `undefined`; then `unmarshal` decides, and finds the words for what is wrong.
 *
 * Each function takes the index at which its part begins, and leaves the index after it in the cursor.
 */

import { bytesOf, MAX_DEPTH, type Plain } from './attributes.ts'
import { asciiEnd, stringEnd, word, wordEnd } from './json.ts'
import { type Numbers, numberOf } from './numbers.ts'
import { latin1, utf8 } from './slices.ts'

const NULL = word('{"NULL":true')
const BOOL = word('{"BOOL":')
const TRUE = word('true')
const FALSE = word('false')

interface Cursor {
  readonly data: Buffer
  /** Where the bytes to look at end. */
  readonly length: number
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

/** The image whose brace stands at `start`, and which ends not after `end`. The bytes must be UTF-8. */
export function imageAt(data: Buffer, start: number, end: number, numbers: Numbers): Found | undefined {
  const text = latin1(data, start, end)
  const cursor = { data, length: end, text, base: start, numbers, at: start }
  const plain = mapAt(cursor, start, 0)
  return plain && { plain, end: cursor.at }
}

function mapAt(cursor: Cursor, i: number, depth: number): Plain | undefined {
  const { data } = cursor
  if (data[i] !== 0x7b || depth > MAX_DEPTH) return undefined
  const plain: Plain = {}
  if (data[i + 1] === 0x7d) return closed(cursor, i + 1, 0x7d, plain)
  do {
    const name = nameAt(cursor, i + 1)
    if (name === undefined || name === '__proto__' || data[cursor.at] !== 0x3a) return undefined
    const value = attributeAt(cursor, cursor.at + 1, depth + 1)
    if (value === undefined) return undefined
    plain[name] = value
    i = cursor.at
  } while (data[i] === 0x2c)
  return closed(cursor, i, 0x7d, plain)
}

function listAt(cursor: Cursor, i: number, depth: number): unknown[] | undefined {
  const { data } = cursor
  if (data[i] !== 0x5b || depth > MAX_DEPTH) return undefined
  const list: unknown[] = []
  if (data[i + 1] === 0x5d) return closed(cursor, i + 1, 0x5d, list)
  do {
    const value = attributeAt(cursor, i + 1, depth + 1)
    if (value === undefined) return undefined
    list.push(value)
    i = cursor.at
  } while (data[i] === 0x2c)
  return closed(cursor, i, 0x5d, list)
}

function setAt(cursor: Cursor, i: number, type: number | undefined): Set<unknown> | undefined {
  const { data } = cursor
  if (data[i] !== 0x5b || type === 0x4d || type === 0x4c) return undefined
  const set = new Set()
  do {
    const value = valueAt(cursor, i + 1, type, 0)
    if (value === undefined) return undefined
    set.add(value)
    i = cursor.at
  } while (data[i] === 0x2c)
  return closed(cursor, i, 0x5d, set)
}

function closed<T>(cursor: Cursor, i: number, byte: number, value: T): T | undefined {
  cursor.at = i + 1
  return cursor.data[i] === byte ? value : undefined
}

/** `{"S":"…"}`, of whatever type. */
function attributeAt(cursor: Cursor, i: number, depth: number): unknown {
  const { data } = cursor
  if (data[i] !== 0x7b || data[i + 1] !== 0x22) return undefined
  let value: unknown
  if (data[i + 3] === 0x22 && data[i + 4] === 0x3a)
    value = data[i + 2] === 0x53 ? stringAt(cursor, i + 5) : valueAt(cursor, i + 5, data[i + 2], depth)
  else if (data[i + 3] === 0x53 && data[i + 4] === 0x22 && data[i + 5] === 0x3a)
    value = setAt(cursor, i + 6, data[i + 2])
  else if (wordEnd(data, i, NULL) !== -1) {
    value = null
    cursor.at = i + 12
  } else if (wordEnd(data, i, BOOL) !== -1) {
    value = data[i + 8] === 0x74
    cursor.at = wordEnd(data, i + 8, value ? TRUE : FALSE)
  }
  // A second type leaves a comma here.
  return value === undefined ? undefined : closed(cursor, cursor.at, 0x7d, value)
}

function valueAt(cursor: Cursor, i: number, type: number | undefined, depth: number): unknown {
  switch (type) {
    case 0x53:
      return stringAt(cursor, i)
    case 0x4e:
      return numberAt(cursor, i)
    case 0x4d:
      return mapAt(cursor, i, depth)
    case 0x4c:
      return listAt(cursor, i, depth)
    case 0x42: {
      const text = stringAt(cursor, i)
      return text === undefined ? undefined : bytesOf(text)
    }
    default:
      return undefined
  }
}

/**
 * Names repeat from record to record. One that is known costs neither a new string nor a look into the engine's table of names,
 * a seventh of the whole. A cache and no state: whatever it holds, the answer is the same.
 */
const known: string[] = Array.from({ length: 256 }, () => '')

function nameAt(cursor: Cursor, i: number): string | undefined {
  const { data, length, base } = cursor
  const start = i + 1
  const end = data[i] === 0x22 ? asciiEnd(data, start, length) : -1
  if (end === -1) return oddStringAt(cursor, i)
  cursor.at = end + 1
  const slot = ((data[start] ?? 0) * 7 + (data[end - 1] ?? 0) * 3 + end - start) & 255
  const guess = known[slot] ?? ''
  if (guess.length === end - start && isAt(data, start, guess)) return guess
  const name = cursor.text.slice(start - base, end - base)
  known[slot] = name
  return name
}

function isAt(data: Uint8Array, start: number, text: string): boolean {
  for (let n = 0; n < text.length; n += 1) if (data[start + n] !== text.charCodeAt(n)) return false
  return true
}

function stringAt(cursor: Cursor, i: number): string | undefined {
  const { data, length, base } = cursor
  const end = data[i] === 0x22 ? asciiEnd(data, i + 1, length) : -1
  if (end === -1) return oddStringAt(cursor, i)
  cursor.at = end + 1
  return cursor.text.slice(i + 1 - base, end - base)
}

function oddStringAt(cursor: Cursor, i: number): string | undefined {
  const { data, length } = cursor
  cursor.at = data[i] === 0x22 ? stringEnd(data, i, length) : length + 1
  if (cursor.at > length) return undefined
  const text = utf8(data, i + 1, cursor.at - 1)
  return text.includes('\\') ? JSON.parse(`"${text}"`) : text
}

/** Up to 15 digits in a double, divided by a power of ten that is exact too, are rounded once: as Number() does. */
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]

function numberAt(cursor: Cursor, at: number): unknown {
  const { data, numbers } = cursor
  if (data[at] === 0x22 && numbers !== 'text') {
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
    // Without loss an integer is a bigint, and "5.0" is one, too: its text decides.
    if (data[i] === 0x22 && digits > 0 && digits <= 15 && (numbers === 'double' || point < 0)) {
      cursor.at = i + 1
      if (point >= 0) value /= POWERS[i - point - 1] ?? 1
      if (numbers === 'lossless') return BigInt(negative ? -value : value)
      return negative ? -value : value
    }
  }
  const text = stringAt(cursor, at)
  return text === undefined ? undefined : numberOf(text, numbers)
}
