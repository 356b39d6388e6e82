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
