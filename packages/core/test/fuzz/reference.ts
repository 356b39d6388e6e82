/**
 * What a record means by JSON.parse and the SDK's `unmarshall`, and where we refuse what these let through:
 *
 * | refused here                                          | `unmarshall`                          |
 * |-------------------------------------------------------|---------------------------------------|
 * | `prototype`: an attribute called `__proto__`          | changes the object's prototype        |
 * | `rounded`: a number that no double holds              | rounds it, or makes a bigint          |
 * | `no-number`: `N` that is no decimal, or of more than 1,000 characters | NaN, 0, or a number that nobody wrote |
 * | `no-base64`: `B` that is not base64                   | gives the text                        |
 * | `shape`: two types, or a value that is not of its type | takes the first, converts             |
 * | `deep`: more than 32 levels                           | any depth                             |
 */

import { unmarshall } from '@aws-sdk/util-dynamodb'

export type Json = Readonly<Record<string, unknown>>

export interface ReferenceChange {
  readonly table: string
  readonly kind: string
  readonly micros: number
  readonly dynamodb: Json
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The change in a record; undefined if it is JSON but none, null if it is no JSON. */
export function referenceOf(data: Uint8Array): ReferenceChange | undefined | null {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))
  } catch {
    return null
  }
  if (!isObject(json) || !isObject(json.dynamodb) || !isObject(json.dynamodb.Keys)) return undefined
  const { eventName, tableName, eventSourceARN, dynamodb } = json
  if (eventName !== 'INSERT' && eventName !== 'MODIFY' && eventName !== 'REMOVE') return undefined
  const arn = typeof eventSourceARN === 'string' ? /:table\/([^/]+)/.exec(eventSourceARN)?.[1] : undefined
  const table = typeof tableName === 'string' ? tableName : arn
  const time = dynamodb.ApproximateCreationDateTime
  if (table === undefined || typeof time !== 'number') return undefined
  const micros = time * unitOf(time, dynamodb.ApproximateCreationDateTimePrecision)
  if (Number.isNaN(new Date(micros / 1e3).getTime())) return undefined
  return { table, kind: eventName, micros: Math.floor(micros), dynamodb }
}

function unitOf(time: number, precision: unknown): number {
  if (precision === 'MICROSECOND') return 1
  if (precision === 'MILLISECOND') return 1e3
  return time >= 1e14 ? 1 : time >= 1e11 ? 1e3 : 1e6
}

/** Why we refuse an image, or undefined if we must give what `unmarshall` gives. */
export function refusalOf(image: Json, lossless: boolean, depth = 0): string | undefined {
  if (depth > 32) return 'deep'
  for (const [name, attribute] of Object.entries(image)) {
    if (name === '__proto__') return 'prototype'
    const refusal = attributeRefusal(attribute, lossless, depth + 1)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function attributeRefusal(attribute: unknown, lossless: boolean, depth: number): string | undefined {
  const entries = isObject(attribute) ? Object.entries(attribute) : []
  const [entry] = entries
  if (entry === undefined || entries.length > 1) return 'shape'
  const [type, value] = entry
  const each = (check: (item: unknown) => string | undefined) =>
    Array.isArray(value) ? value.map(check).find((refusal) => refusal !== undefined) : 'shape'
  switch (type) {
    case 'S':
      return textRefusal(value)
    case 'N':
      return numberRefusal(value, lossless)
    case 'B':
      return binaryRefusal(value)
    case 'BOOL':
      return typeof value === 'boolean' ? undefined : 'shape'
    case 'NULL':
      return undefined
    case 'M':
      return isObject(value) ? refusalOf(value, lossless, depth) : 'shape'
    case 'L':
      return depth > 32 ? 'deep' : each((item) => attributeRefusal(item, lossless, depth + 1))
    case 'SS':
      return each(textRefusal)
    case 'NS':
      return each((item) => numberRefusal(item, lossless))
    case 'BS':
      return each(binaryRefusal)
    default:
      return 'shape'
  }
}

function textRefusal(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : 'shape'
}

function binaryRefusal(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'shape'
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)
    ? undefined
    : 'no-base64'
}

function numberRefusal(value: unknown, lossless: boolean): string | undefined {
  if (typeof value !== 'string') return 'shape'
  const decimal = value.length > 1_000 ? undefined : decimalOf(value)
  if (decimal === undefined) return 'no-number'
  return lossless || isHeld(value, decimal) ? undefined : 'rounded'
}

/** Whether the double is written as the same number. */
function isHeld(text: string, decimal: string): boolean {
  const value = Number(text)
  return Number.isFinite(value) && decimalOf(String(value)) === decimal
}

/** The integer that a decimal is: its exponent is none below zero, and it has no more digits than DynamoDB's. */
function integerOf(text: string, decimal: string): bigint | undefined {
  if (/^[+-]?\d+$/.test(text)) return BigInt(text)
  if (decimal === '0') return 0n
  const [mantissa = '', exponent = ''] = decimal.split('e')
  const zeros = Number(exponent)
  if (zeros < 0 || mantissa.replace('-', '').length + zeros > 130) return undefined
  return BigInt(mantissa) * 10n ** BigInt(zeros)
}

/** A number in one way of writing it: its digits without zeros at the ends, and where the point stands. */
function decimalOf(text: string): string | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text) ?? []
  if (whole + fraction === '' || sign === undefined) return undefined
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return '0'
  const trimmed = digits.replace(/0+$/, '')
  const shift = Number(exponent) - fraction.length + digits.length - trimmed.length
  return `${sign === '-' ? '-' : ''}${trimmed}e${shift}`
}

/** Keeps the text of a number, to compare it exactly. */
class Exact {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** Whether our image is what `unmarshall` gives. */
export function agrees(ours: unknown, image: Json, lossless: boolean): boolean {
  // The SDK's types know attribute values only; the records hold what they hold.
  const theirs = unmarshall(image as never, { wrapNumbers: (text: string) => new Exact(text) as never })
  return isSame(ours, theirs, { M: image }, lossless)
}

function isSame(ours: unknown, theirs: unknown, attribute: unknown, lossless: boolean): boolean {
  const [type = '', raw] = isObject(attribute) ? (Object.entries(attribute)[0] ?? []) : []
  if (theirs instanceof Exact) return isNumber(ours, theirs.text, lossless)
  if (theirs instanceof Set) {
    const items = [...theirs].map((item) =>
      keyOf(type === 'BS' ? Buffer.from(String(item), 'base64') : numberIn(item, lossless)),
    )
    return (
      ours instanceof Set &&
      (type === 'BS' || ours.size === new Set(items).size) &&
      [...ours].every((item) => items.includes(keyOf(item)))
    )
  }
  if (type === 'B') return ours instanceof Uint8Array && Buffer.from(String(raw), 'base64').equals(ours)
  if (Array.isArray(theirs))
    return (
      Array.isArray(ours) &&
      Array.isArray(raw) &&
      ours.length === theirs.length &&
      theirs.every((item, n) => isSame(ours[n], item, raw[n], lossless))
    )
  if (isObject(theirs))
    return (
      isObject(ours) &&
      isObject(raw) &&
      Object.getPrototypeOf(ours) === Object.prototype &&
      Object.keys(ours).join('\0') === Object.keys(theirs).join('\0') &&
      Object.entries(theirs).every(([name, item]) => isSame(ours[name], item, raw[name], lossless))
    )
  return Object.is(ours, theirs)
}

function isNumber(ours: unknown, text: string, lossless: boolean): boolean {
  return Object.is(ours, numberIn(new Exact(text), lossless))
}

/** The number that these digits must become. */
function numberIn(item: unknown, lossless: boolean): unknown {
  if (!(item instanceof Exact)) return item
  const { text } = item
  const decimal = decimalOf(text) ?? ''
  if (!lossless) return Number(text)
  return integerOf(text, decimal) ?? (isHeld(text, decimal) ? Number(text) : text)
}

function keyOf(item: unknown): string {
  return item instanceof Uint8Array ? Buffer.from(item).toString('base64') : `${typeof item} ${String(item)}`
}
