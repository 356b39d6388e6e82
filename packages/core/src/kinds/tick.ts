/**
 * Owns the windows of schedules: which one a tick is about, and how far a route has come. A window follows from the time for
 * which the tick was scheduled, never from when it arrives; the route's watermark makes sure that each is handled once.
 *
 * ```
 *   APP/tick/REACTOR/ROUTE            scheduled 10:15:30, each 5m, delay 30s
 *   { to: 10:05 } ──────────────┐
 *   10:00    10:05    10:10    10:15
 *            └─ all: 1st ─┘└─ all: 2nd; latest ─┘
 * ```
 */

import type { Origin, ScheduleSpec } from '../declare/event.ts'
import type { Tick } from '../declare/schedule.ts'
import { lastEnd, nextEnd } from '../declare/windows.ts'
import type { Content, Recalled, Recalling } from '../engine/content.ts'
import type { Kind } from '../engine/kind.ts'
import { type RoutePlan, unrouted, type Want } from '../engine/plan.ts'
import { routeFields } from '../engine/telling.ts'
import type { DeadLetter, StateStore } from '../ports/index.ts'
import { MOST_EARLY } from '../reminders/early.ts'
import { change, tickKey } from '../state/index.ts'
import { encodeEnvelope, type TickEnvelope } from '../wire/index.ts'
import { addressedReader } from './addressed.ts'

/** The one lane of a schedule. Neither it nor an identity names the route: what is kept for both is found again when that is renamed. */
const LANE = 'tick'

export const tick: Kind = {
  name: 'tick',
  spec: 'schedule',
  addressed: true,
  reader: ({ application, wants }) => {
    const byRoute = new Map<string, Want<ScheduleSpec>[]>()
    for (const want of wants)
      if (isOfSchedule(want))
        for (const key of want.plan.keys) byRoute.set(key, [...(byRoute.get(key) ?? []), want])
    return addressedReader<TickEnvelope>(['tick'], application, {
      describe: ({ route }) => `a tick of '${route}'`,
      shares: (envelope, origin, why) => {
        const wanting = byRoute.get(envelope.route) ?? []
        if (wanting.length === 0) return [{ plan: unrouted, lane: '', content: orphan(envelope) }]
        return wanting.map((want) => {
          why?.(want, true, () => 'it matches')
          const { plan, spec } = want
          return { plan, lane: LANE, content: new TickContent(envelope, plan, spec, origin, undefined) }
        })
      },
    })
  },
}

/** Of a schedule that is gone, or that a newer release has: nothing is lost, since the next tick of a route covers what it has missed. */
const orphan = ({ route }: TickEnvelope): Content => ({
  identity: () => '',
  recall: async ({ settings }) => {
    settings.logger.warn('a tick of no schedule: delete what puts it', { route })
    return { skip: 'it is of no schedule' }
  },
})

class TickContent implements Content {
  readonly #envelope: TickEnvelope
  readonly #plan: RoutePlan
  readonly #spec: ScheduleSpec
  readonly #origin: Origin
  readonly letter: DeadLetter | undefined

  constructor(
    envelope: TickEnvelope,
    plan: RoutePlan,
    spec: ScheduleSpec,
    origin: Origin,
    letter: DeadLetter | undefined,
  ) {
    this.#envelope = envelope
    this.#plan = plan
    this.#spec = spec
    this.#origin = origin
    this.letter = letter
  }

  identity(): string {
    return ''
  }

  readAgain(letter: DeadLetter): Content {
    return new TickContent(this.#envelope, this.#plan, this.#spec, this.#origin, letter)
  }

  async recall({ settings }: Recalling): Promise<Recalled> {
    const { state, clock, logger, application } = settings
    const [envelope, letter] = [this.#envelope, this.letter]
    if (isEarly(envelope, clock.now())) {
      logger.warn('a tick came long before its time', routeFields(this.#plan))
      return { skip: 'not due yet' }
    }
    // A tick that merely waited behind a parked lane counts as fresh: it covers every window missed since.
    const again = letter !== undefined && letter.reason !== 'parked'
    const about = { envelope, keys: this.#plan.keys, spec: this.#spec, origin: this.#origin }
    const window = await nextWindow(about, application, state, again)
    if (window === undefined) return { skip: 'its window was handled before' }
    const { event, handled, more, alone } = window
    const name = String(event.to.getTime())
    return {
      content: { event, letter, identity: () => `tick/${name}` },
      part: name,
      handled,
      more,
      ...(alone === undefined ? {} : { letterPart: { name, data: encodeEnvelope(alone) } }),
    }
  }
}

function isOfSchedule(want: Want): want is Want<ScheduleSpec> {
  return want.spec.kind === 'schedule'
}

interface Window {
  readonly event: Tick
  /** Another window is to be handled after it. */
  readonly more: boolean
  /** A tick of this window alone, if the one that came is about others as well. */
  readonly alone: TickEnvelope | undefined
  /** Remembers that the window was handled. Losing to an owner that has come further is fine. */
  handled(): Promise<void>
}

interface Ticked {
  readonly envelope: TickEnvelope
  /** Of the route: its own, then those of its former ids. */
  readonly keys: readonly string[]
  readonly spec: ScheduleSpec
  readonly origin: Origin
}

/** What comes before its time is someone else's: it would say that all windows until then were handled. */
function isEarly({ scheduled }: TickEnvelope, now: number): boolean {
  return Date.parse(scheduled) > now + MOST_EARLY
}

/** @param again whether someone asked for this window although it may have been passed @returns undefined if it was handled before */
async function nextWindow(
  { envelope, keys, spec, origin }: Ticked,
  application: string,
  state: StateStore,
  again: boolean,
): Promise<Window | undefined> {
  const { windows, delay, overlap, catchUp } = spec
  const [route = '', ...former] = keys
  const key = tickKey(application, route)
  const last = lastEnd(windows, Date.parse(envelope.scheduled) - delay)
  const item = await state.get(key)
  let reached = item?.value.to
  // A route that was renamed goes on where it stood.
  for (const name of item === undefined ? former : [])
    reached ??= (await state.get(tickKey(application, name)))?.value.to
  const done = Number(reached ?? lastEnd(windows, last - 1))
  if (!(done < last) && !again) return undefined
  const to = catchUp === 'all' && !again ? Math.min(nextEnd(windows, done), last) : last
  // It never begins before the end of one that was handled, whatever the schedule was then.
  const from = again ? lastEnd(windows, to - 1) : Math.max(done, lastEnd(windows, to - 1))
  const event: Tick = {
    name: 'tick',
    id: `tick/${route}/${to}`,
    at: new Date(to),
    version: { min: to * 1_000, max: to * 1_000 + 999 },
    key: route,
    source: origin,
    by: 'user',
    from: new Date(from - overlap),
    to: new Date(to),
  }
  return {
    event,
    more: to < last,
    alone: to < last ? { ...envelope, scheduled: new Date(to + delay).toISOString() } : undefined,
    handled: async () => {
      await change(
        state,
        key,
        (known) =>
          Number(known?.value.to ?? 0) < to
            ? { write: { to }, result: undefined }
            : { keep: true, result: undefined },
        item ?? 'absent',
      )
    },
  }
}
