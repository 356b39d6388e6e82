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

import type { Origin, ScheduleSpec } from '../../domain/event.ts'
import type { Tick } from '../../domain/schedule.ts'
import { MOST_EARLY } from '../../reminders/firing.ts'
import type { TickEnvelope } from '../../wire/index.ts'
import type { Settings } from '../configuration.ts'

export interface Window {
  readonly event: Tick
  /** Another window is to be handled after it. */
  readonly more: boolean
  /** A tick of this window alone, if the one that came is about others as well. */
  readonly alone: TickEnvelope | undefined
  /** Remembers that it was handled. Losing to who has come further is fine. */
  handled(): Promise<void>
}

export interface Ticked {
  readonly envelope: TickEnvelope
  /** Of the route: its own, then those of its former ids. */
  readonly keys: readonly string[]
  readonly spec: ScheduleSpec
  readonly origin: Origin
}

/** What comes before its time is someone else's: it would say that all windows until then were handled. */
export function isEarly({ scheduled }: TickEnvelope, now: number): boolean {
  return Date.parse(scheduled) > now + MOST_EARLY
}

/** @param again whether someone asked for this window although it may have been passed @returns undefined if it was handled before */
export async function nextWindow(
  { envelope, keys, spec, origin }: Ticked,
  { application, state }: Pick<Settings, 'application' | 'state'>,
  again: boolean,
): Promise<Window | undefined> {
  const { each, delay, catchUp } = spec
  const [route = '', ...former] = keys
  const keyOf = (name: string) => `${application}/tick/${name}`
  const key = keyOf(route)
  const last = Math.floor((Date.parse(envelope.scheduled) - delay) / each) * each
  const item = await state.get(key)
  let reached = item?.value.to
  // A route that was renamed goes on where it stood.
  for (const name of item === undefined ? former : []) reached ??= (await state.get(keyOf(name)))?.value.to
  const done = Number(reached ?? last - each)
  if (done >= last && !again) return undefined
  const to = catchUp === 'all' && !again ? Math.min(done + each, last) : last
  const event: Tick = {
    name: 'tick',
    id: `tick/${route}/${to}`,
    at: new Date(to),
    version: { min: to * 1_000, max: to * 1_000 + 999 },
    key: route,
    source: origin,
    by: 'user',
    from: new Date(to - each),
    to: new Date(to),
  }
  return {
    event,
    more: to < last,
    alone: to < last ? { ...envelope, scheduled: new Date(to + delay).toISOString() } : undefined,
    handled: async () => {
      for (let known = item; Number(known?.value.to ?? 0) < to; ) {
        const result = await state.set(key, { to }, { expect: known?.version })
        if (result.ok) return
        known = result.current
      }
    },
  }
}
