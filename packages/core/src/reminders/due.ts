/**
 * Owns when a reminder is due: what users write of it, and the instant that comes of it.
 *
 * | written                                   | is due                                                                       |
 * |-------------------------------------------|------------------------------------------------------------------------------|
 * | `in: '3d'`                                | so long after the event                                                      |
 * | `at: (e) => e.after.trialEndsAt`          | at the instant that the row holds: a Date, or an ISO 8601 text with an offset |
 * | `at: (e) => ({ local, zone })`            | when the clocks of the zone show that                                        |
 * | `local: '09:00', zone: 'Europe/Berlin'`   | at the next such time after the event; with `in`, after that much later      |
 *
 * A local time that the clocks leave out is the first instant after the gap; of one that exists twice the first is meant.
 */

import { answerOf } from '../declare/answers.ts'
import { type Duration, isDuration, milliseconds } from '../duration.ts'
import { SpaceshipError } from '../errors.ts'
import { bare, callable, duration, given, isText, like, type Shape } from '../shapes.ts'
import { type Zone, zoneOf } from '../zone.ts'

/** What the clocks of a time zone show: `{ local: '2026-03-29T09:00', zone: 'Europe/Berlin' }`. Seconds may be left out. */
export interface LocalTime {
  readonly local: string
  readonly zone: string
}

/** A Date, an ISO 8601 text with `Z` or an offset, or what the clocks of a zone show. */
export type Instant = Date | string | LocalTime

/** An answer of `undefined` or `null`: nothing is due (any more), as by a cancel. */
type Nothing = undefined | null

// Interfaces, so that the type checker prints their names beside the forms that are allowed.
type InstantOf<in E> = (event: E) => Instant | Nothing
type DurationOf<in E> = (event: E) => Duration | Nothing
type TimeOf<in E> = (event: E) => string | Nothing
type ZoneOf<in E> = (event: E) => string

/** When a reminder is due, by the event: each field is a function of it, or the same for all events. */
export type WhenOf<E> =
  | {
      readonly in: Duration | DurationOf<E>
      readonly at?: undefined
      readonly local?: undefined
      readonly zone?: undefined
    }
  | {
      readonly at: Instant | InstantOf<E>
      readonly in?: undefined
      readonly local?: undefined
      readonly zone?: undefined
    }
  | {
      readonly local: string | TimeOf<E>
      readonly zone: string | ZoneOf<E>
      readonly in?: Duration | DurationOf<E>
      readonly at?: undefined
    }

/** When a reminder is due, as a service says it: `{ in: '3d' }`, `{ at: new Date(...) }` or `{ local: '09:00', zone: 'Europe/Berlin' }`. */
export type When =
  | { readonly in: Duration; readonly at?: undefined; readonly local?: undefined; readonly zone?: undefined }
  | { readonly at: Instant; readonly in?: undefined; readonly local?: undefined; readonly zone?: undefined }
  | { readonly local: string; readonly zone: string; readonly in?: Duration; readonly at?: undefined }

const DAY = 86_400_000

/** Beyond it a Date holds nothing. */
const LAST = 8.64e15

const orCallable = (shape: Shape): Shape => ({
  ...shape,
  expected: `${shape.expected}, or a function of the event`,
  fits: (value) => callable.fits(value) || shape.fits(value),
})

const INSTANT = like(
  "a Date, an ISO 8601 text with an offset, or { local: '2026-03-29T09:00', zone: 'Europe/Berlin' }",
  (value) => instantOf(value) !== undefined,
)
const ZONE = like(
  "an IANA time zone such as 'Europe/Berlin'",
  (zone) => isText(zone) && zoneOf(zone) !== undefined,
)
const TIME = like("a time of the day such as '09:00'", (time) => timeOf(time) !== undefined)

/** The fields of {@link WhenOf}. */
export const WHEN_OF = {
  in: orCallable(duration('3d')),
  at: orCallable(INSTANT),
  local: orCallable(TIME),
  zone: orCallable(ZONE),
}

/** The fields of {@link When}. */
export const WHEN = { in: duration('3d'), at: INSTANT, local: TIME, zone: ZONE }

export const WHEN_ALONE = bare(WHEN)

/** What no single field can tell. */
export function dueProblems(due: unknown): string[] {
  const { in: later, at, local, zone } = Object(due)
  if (at === undefined && local === undefined && zone === undefined && later === undefined)
    return ["when it is due is missing: expected 'in', 'at', or 'local' with 'zone'"]
  if (at !== undefined && (later ?? local ?? zone) !== undefined)
    return ["'at' says all of when it is due: expected no 'in', 'local' or 'zone' beside it"]
  if ((local === undefined) !== (zone === undefined))
    return [
      local === undefined
        ? "'zone' has no 'local': expected the time of the day, such as '09:00', beside it"
        : "'local' has no 'zone': expected an IANA time zone such as 'Europe/Berlin' beside it",
    ]
  return []
}

/**
 * The instant in milliseconds since 1970; undefined if the answers say that nothing is due.
 *
 * @param since the event's time, in milliseconds since 1970
 * @param what names the declaration in messages
 * @throws SpaceshipError `schema` for an answer that is no moment
 */
export function dueFor<E>(when: WhenOf<E>, event: E, since: number, what: string): number | undefined {
  const answers = Object.fromEntries(
    Object.entries(when)
      .filter(([field]) => Object.hasOwn(WHEN_OF, field))
      .map(([field, given]: [string, unknown]) => [
        field,
        typeof given === 'function' ? answerOf(() => given(event), `'${field}' of ${what}`) : given,
      ]),
  )
  const isNothing = ['at', 'local', 'in'].some(
    (field) => field in answers && (answers[field] ?? undefined) === undefined,
  )
  return isNothing ? undefined : instantFrom(answers, since, what)
}

/** The same of a service's own words. */
export function instantFrom(
  answers: Readonly<Record<string, unknown>>,
  since: number,
  what: string,
): number | undefined {
  const { in: later, at, local, zone } = answers
  if (at !== undefined && at !== null) return instantOf(at) ?? wrong('at', at, INSTANT, what)
  if (later !== undefined && later !== null && !isDuration(later))
    return wrong('in', later, duration('3d'), what)
  const earliest = since + (isDuration(later) ? milliseconds(later) : 0)
  if (Math.abs(earliest) > LAST) return wrong('in', later, duration('3d'), what)
  if (zone === undefined) return earliest
  const time = timeOf(local) ?? wrong('local', local, TIME, what)
  const clocks = isText(zone) ? zoneOf(zone) : undefined
  return nextTime(clocks ?? wrong('zone', zone, ZONE, what), time, earliest)
}

function wrong(field: string, value: unknown, { expected }: Shape, what: string): never {
  throw new SpaceshipError('schema', `'${field}' of ${what} is ${given(value)}: expected ${expected}`)
}

/** The first instant from `earliest` on at which the zone's clocks come to that time of a day. */
function nextTime(zone: Zone, time: number, earliest: number): number {
  const day = Math.floor(zone.localAt(earliest) / DAY) * DAY
  const today = zone.instant(day + time)
  return today >= earliest ? today : zone.instant(day + DAY + time)
}

function instantOf(value: unknown): number | undefined {
  if (value instanceof Date) return inRange(value.getTime())
  if (isText(value)) return INSTANT_TEXT.test(value) && isDay(value) ? inRange(Date.parse(value)) : undefined
  const { local, zone } = Object(value)
  const clocks = isText(zone) ? zoneOf(zone) : undefined
  if (clocks === undefined || !isText(local) || !LOCAL_TEXT.test(local) || !isDay(local)) return undefined
  return inRange(clocks.instant(Date.parse(`${local}Z`)))
}

const INSTANT_TEXT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/
const LOCAL_TEXT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?$/

/** `Date.parse` takes 30 February for 2 March. */
function isDay(text: string): boolean {
  const day = text.slice(0, 10)
  const at = Date.parse(`${day}T00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}

function inRange(instant: number): number | undefined {
  return Number.isFinite(instant) && Math.abs(instant) <= LAST ? instant : undefined
}

/** Milliseconds since midnight. */
function timeOf(value: unknown): number | undefined {
  const [, hours = '', minutes = '', seconds = '0'] =
    /^(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(isText(value) ? value : '') ?? []
  const isTime = hours !== '' && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60
  return isTime ? ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000 : undefined
}
