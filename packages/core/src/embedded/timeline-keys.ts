/**
 * Owns the keys of a timeline in a state store:
 *
 * | key                               | holds                                                                | expires |
 * |-----------------------------------|----------------------------------------------------------------------|---------|
 * | `APP/execution/NAME`              | an execution: `due`, `at` (where it stands), `envelope`, `partitionKey`; once handed out `until` | never: until it is done |
 * | `APP/due/HOUR/BUCKET//AT/NAME`    | nothing: it says what is due when                                     | likewise |
 * | `APP/due-hours//HOUR`             | nothing: the hour has, or had, something due                          | never: until the hour is over and empty |
 */

import { sha256 } from '../wire/digest.ts'

const HOUR = 3_600_000

/** So many collections an hour has: a store may keep each in one partition. */
const BUCKETS = 4

export interface TimelineKeys {
  readonly execution: (name: string) => string
  /** Where an execution stands that is due at a moment. */
  readonly due: (at: number, name: string) => string
  /** The hour of a moment, in the index of hours. */
  readonly hour: (at: number) => string
  readonly hours: string
  /** The collections of an hour, by its key. */
  readonly bucketsOf: (hour: string) => readonly string[]
}

export function timelineKeys(application: string): TimelineKeys {
  const hours = `${application}/due-hours//`
  const bucket = (hour: string, n: number) => `${application}/due/${hour}/${n}//`
  return {
    hours,
    execution: (name) => `${application}/execution/${name}`,
    due: (at, name) => `${bucket(digits(hourOf(at)), bucketOf(name))}${digits(at)}/${name}`,
    hour: (at) => hours + digits(hourOf(at)),
    bucketsOf: (hour) => Array.from({ length: BUCKETS }, (_, n) => bucket(hour.slice(hours.length), n)),
  }
}

/** When and what, of a key that `due` has made. */
export function standing(key: string): { readonly at: number; readonly name: string } {
  const member = key.slice(key.indexOf('//') + 2)
  const slash = member.indexOf('/')
  return { at: Number(member.slice(0, slash)), name: member.slice(slash + 1) }
}

/** The first moment of the hour that a key of the index names. */
export function startOf(hour: string): number {
  return Number(hour.slice(hour.lastIndexOf('/') + 1)) * HOUR
}

/** The first moment after the hour of another one. */
export function hourAfter(at: number): number {
  return (hourOf(at) + 1) * HOUR
}

function hourOf(at: number): number {
  return Math.floor(at / HOUR)
}

function bucketOf(name: string): number {
  return Number.parseInt(sha256(name, 'hex').slice(0, 8), 16) % BUCKETS
}

/** In byte order as in order of time, up to the last date that there is. */
function digits(moment: number): string {
  return String(moment).padStart(16, '0')
}
