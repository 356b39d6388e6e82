import { numberText } from './json.ts'
import { INTEGERS } from './mapping.ts'

/** What an index knows of one value: a word to compare exactly, or a number to compare and sort by. */
export type Value = { readonly word: string } | { readonly number: number }

/** A value as a field of `type` holds it, or nothing if it is not one. Strings are coerced as OpenSearch does. */
export function fieldValue(type: string, value: unknown): Value | undefined {
  const written = numberText(value)
  if (type === 'keyword' || type === 'flat_object' || type === 'text') {
    if (written !== undefined) return { word: written }
    return typeof value === 'object' ? undefined : { word: String(value) }
  }
  const number =
    type === 'boolean'
      ? flag(value)
      : type === 'date'
        ? instant(written ?? value, written !== undefined)
        : numeric(type, written ?? value, written !== undefined)
  return number === undefined ? undefined : { number }
}

function flag(value: unknown): number | undefined {
  if (value === true || value === 'true') return 1
  return value === false || value === 'false' || value === '' ? 0 : undefined
}

/** As Java reads them: a `long` as a decimal, the other types as a double, which may have blanks around it and a letter behind it. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/
const DOUBLE = /^[\0- ]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?[\0- ]*$/

/** @param isNumber whether it is a number in JSON, and no text */
function numeric(type: string, value: unknown, isNumber: boolean): number | undefined {
  if (typeof value !== 'string') return undefined
  const digits = type === 'long' ? DECIMAL.exec(value)?.[0] : DOUBLE.exec(value)?.[1]
  const number = Number(digits ?? Number.NaN)
  if (digits === undefined || !Number.isFinite(number)) return undefined
  if (type === 'long') return isLong(digits, isNumber) ? Math.trunc(number) : undefined
  const limit = INTEGERS[type]
  if (limit === undefined) return isWithin(type, number) ? number : undefined
  // A number in JSON is cut to an integer before it is compared, for the two smallest types.
  const compared = isNumber && type !== 'integer' ? Math.trunc(number) : number
  return compared <= limit - 1 && compared >= -limit ? Math.trunc(number) : undefined
}

function isWithin(type: string, number: number): boolean {
  if (type === 'half_float') return Math.abs(number) < 65_520
  return type !== 'float' || Number.isFinite(Math.fround(number))
}

/** A number in JSON with a fraction or an exponent is compared as a double. */
function isLong(digits: string, isNumber: boolean): boolean {
  const whole = /^[+-]?(\d*)\.?\d*$/.exec(digits)?.[1]
  const isInteger = /^[+-]?\d+$/.test(digits)
  if (whole === undefined || (isNumber && !isInteger)) return Math.abs(Number(digits)) <= 2 ** 63
  const most = digits.startsWith('-') ? 2n ** 63n : 2n ** 63n - 1n
  return BigInt(whole === '' ? 0 : whole) <= most
}

const DATE = /^\d{4}(-\d{2}(-(\d{2})(T\d{2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?)?)?$/

/**
 * Milliseconds since 1970 of a `strict_date_optional_time` or of `epoch_millis`; a time without a zone is UTC.
 *
 * @param isNumber whether a text is a number as it was written in JSON
 */
export function instant(value: unknown, isNumber = typeof value === 'number'): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return undefined
  const match = DATE.exec(text)
  if (isNumber || !match) return epoch(text)
  const [, , , day, time, minutes] = match
  if (time?.startsWith('T24')) return undefined
  const zone = /(Z|[+-]\d{2}(:?\d{2})?)$/.exec(time ?? '')?.[0] ?? ''
  const date = text.slice(0, 10)
  if (day !== undefined && new Date(`${date}T00:00:00Z`).getUTCDate() !== Number(day)) return undefined
  if (time === undefined) return number(Date.parse(text))
  const local = text.slice(0, text.length - zone.length).replace(',', '.')
  const padded = zone.replace(/^([+-]\d{2}):?(\d{2})?$/, (_, hours, rest) => `${hours}:${rest ?? '00'}`)
  return number(Date.parse(`${minutes === undefined ? `${local}:00` : local}${padded === '' ? 'Z' : padded}`))
}

/** With a fraction of a millisecond at most, and within 64 bits. */
function epoch(text: string): number | undefined {
  const [, digits] = /^(-?\d+)(?:\.\d+)?$/.exec(text) ?? []
  return digits !== undefined && isLong(digits, false) ? Math.floor(Number(text)) : undefined
}

function number(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value
}

/**
 * The first and the last millisecond that a date in a query stands for: `2026-11-20` is a whole day. It counts up to the last
 * for `lte` and `gt`, from the first for `gte` and `lt`. As in OpenSearch, `2026-11` and `2026` stand for the first day of theirs.
 */
export function instants(value: unknown): { readonly first: number; readonly last: number } | undefined {
  const first = instant(value)
  if (first === undefined) return undefined
  const [date = '', time] = typeof value === 'string' && DATE.test(value) ? value.split('T') : []
  if (date === '') return { first, last: first }
  const length = time === undefined ? 86_400_000 : precisionOf(time.replace(/(Z|[+-].*)$/, ''))
  return { first, last: first + length - 1 }
}

/** Of `HH`, `HH:mm`, `HH:mm:ss` or finer, in milliseconds. */
function precisionOf(time: string): number {
  return { 2: 3_600_000, 5: 60_000, 8: 1_000 }[time.length] ?? 1
}
