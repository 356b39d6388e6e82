import { INTEGERS } from './mapping.ts'

/** What an index knows of one value: a word to compare exactly, or a number to compare and sort by. */
export type Value = { readonly word: string } | { readonly number: number }

/** A value as a field of `type` holds it, or nothing if it is not one. Strings are coerced as OpenSearch does. */
export function fieldValue(type: string, value: unknown): Value | undefined {
  if (type === 'keyword' || type === 'flat_object' || type === 'text') {
    return typeof value === 'object' ? undefined : { word: String(value) }
  }
  const number = type === 'boolean' ? flag(value) : type === 'date' ? instant(value) : numeric(type, value)
  return number === undefined ? undefined : { number }
}

function flag(value: unknown): number | undefined {
  if (value === true || value === 'true') return 1
  return value === false || value === 'false' || value === '' ? 0 : undefined
}

function numeric(type: string, value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined
  const limit = INTEGERS[type]
  if (limit === undefined) return number
  const whole = Math.trunc(number)
  return whole < limit && whole >= -limit ? whole : undefined
}

const DATE = /^\d{4}(-\d{2}(-(\d{2})(T\d{2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?)?)?$/

/** Milliseconds since 1970 of a `strict_date_optional_time` or of `epoch_millis`; a time without a zone is UTC. */
export function instant(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined
  if (typeof value !== 'string') return undefined
  const match = DATE.exec(value)
  if (!match) return /^-?\d+$/.test(value) ? Number(value) : undefined
  const [, , , day, time, minutes] = match
  const zone = /(Z|[+-]\d{2}(:?\d{2})?)$/.exec(time ?? '')?.[0] ?? ''
  const date = value.slice(0, 10)
  if (day !== undefined && new Date(`${date}T00:00:00Z`).getUTCDate() !== Number(day)) return undefined
  if (time === undefined) return number(Date.parse(value))
  const local = value.slice(0, value.length - zone.length).replace(',', '.')
  const padded = zone.replace(/^([+-]\d{2}):?(\d{2})?$/, (_, hours, rest) => `${hours}:${rest ?? '00'}`)
  return number(Date.parse(`${minutes === undefined ? `${local}:00` : local}${padded === '' ? 'Z' : padded}`))
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
