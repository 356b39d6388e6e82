/**
 * Owns the sweeper: a schedule that looks into the calendar for reminders that were due and that nobody has sent, and puts their envelopes
 * on the stream. From there they go the way of every reminder: what was cancelled, moved or handled meanwhile is skipped.
 *
 * ```
 *   looked up to `to` ──────────────┬──── what is due here is looked at ────┬── patience ──┬─ now
 *                                   │ pending still: sent, and entered anew │
 *                                   │ anything else: nothing                │
 * ```
 *
 * What was sent is entered at another moment of the calendar, each time after twice as long, until its state says that it is over. Its first
 * entry stays, for an operator who looks for it at the time at which it was due, and says that it was sent from there: so a run that is cut
 * off leaves what it has sent, and the next one goes on with the rest.
 */

import type { Context } from '../declare/handler.ts'
import { type Reactor, reactor } from '../declare/reactor.ts'
import type { Tick } from '../declare/schedule.ts'
import { type Duration, milliseconds } from '../duration.ts'
import type { EventSink, OutgoingRecord, StateItem } from '../ports/index.ts'
import { bare, duration, port, required, type ShapesOf } from '../shapes.ts'
import { change, reminderKey, sweepKey } from '../state/index.ts'
import { type Book, envelopeOf, executionName, partitionKeyOf } from './book.ts'
import { type Entry, type EntryAt, enter, leave, leaves } from './calendar.ts'
import { MOST_EARLY } from './early.ts'
import { load } from './state.ts'

export interface SweeperOptions {
  /** The stream on which due reminders arrive, for instance `kinesisSink(...)`. */
  readonly events: EventSink
  /** How often it looks. A lost reminder is found within two of them. @default '5m' */
  readonly each?: Duration
  /** How long after its due time a reminder counts as lost. @default `each` */
  readonly patience?: Duration
}

export const SWEEPER = {
  options: bare({
    events: required(port('put', 'an EventSink, for instance kinesisSink(...)')),
    each: duration('5m', 1_000),
    patience: duration('5m'),
  } satisfies ShapesOf<SweeperOptions>),
}

/** Reads of states that run at the same time, and records of one put. */
const TOGETHER = 32
const MOST_RECORDS = 500

/** A run that is cut off goes on from the last of these. */
const STEP = 3_600_000

/** After an outage much may be lost. */
const LONGEST_RUN = '10m'

export function sweeperOf(book: Book, { events, each = '5m', patience = each }: SweeperOptions): Reactor {
  const [interval, grace] = [milliseconds(each), milliseconds(patience)]
  const sweep = async (tick: Tick, context: Context) => {
    const sent = await sweepTo(book, events, tick.to.getTime() - grace, interval, context.signal)
    if (sent > 0) context.log.warn('reminders were due and nobody had sent them: they are sent now', { sent })
  }
  // Sending twice is harmless: the reminder's state decides.
  const handler = Object.assign(sweep, { effect: 'idempotent' as const })
  return reactor('reminders').every('sweep', { each }, handler, { timeout: LONGEST_RUN })
}

/** @returns how many were sent */
async function sweepTo(
  book: Book,
  events: EventSink,
  to: number,
  interval: number,
  signal: AbortSignal,
): Promise<number> {
  const { application, state } = book
  const key = sweepKey(application)
  const item = await state.get(key)
  // Older entries have expired.
  let reached = Math.max(reachedBy(book, item), to - book.retention)
  let sent = 0
  let isWorth = false
  for await (const { entries, until } of leaves(state, application, reached, to, STEP)) {
    if (signal.aborted) throw signal.reason
    sent += await sendLost(book, events, { entries, to }, interval)
    isWorth ||= entries.length > 0
    // Within an hour there may be more. One in which nothing was due costs less to look at again than to be remembered.
    if (entries.length > 0 || (until < to && !(isWorth && until - reached >= STEP))) continue
    await reach(book, until)
    reached = until
    isWorth = false
  }
  return sent
}

/** What lies ahead was reached by someone whose clock was ahead: nothing would be found until then. */
function reachedBy({ clock }: Book, item: StateItem | undefined): number {
  const to = Number(item?.value.to ?? 0)
  return to <= clock.now() + MOST_EARLY ? to : 0
}

async function reach(book: Book, to: number): Promise<void> {
  await change(book.state, sweepKey(book.application), (item) =>
    reachedBy(book, item) < to ? { write: { to }, result: undefined } : { keep: true, result: undefined },
  )
}

async function sendLost(
  book: Book,
  events: EventSink,
  { entries, to }: { readonly entries: readonly EntryAt[]; readonly to: number },
  interval: number,
): Promise<number> {
  const lost: EntryAt[] = []
  for (let n = 0; n < entries.length; n += TOGETHER) {
    const some = entries.slice(n, n + TOGETHER).filter(({ sent }) => !sent)
    const states = await Promise.all(some.map((entry) => load(book.state, keyOf(book, entry))))
    for (const [i, entry] of some.entries()) {
      const state = states[i]
      // An entry of a decision that lost a race may bear the generation of the one that won, and be of another time.
      const isOwn = state?.status === 'pending' && state.generation === entry.generation
      if (isOwn && state.dueAt <= to) lost.push(entry)
    }
  }
  for (let n = 0; n < lost.length; n += MOST_RECORDS) {
    const some = lost.slice(n, n + MOST_RECORDS)
    await events.put(some.map((entry) => recordOf(book, entry)))
    for (let m = 0; m < some.length; m += TOGETHER)
      await Promise.all(some.slice(m, m + TOGETHER).map((entry) => lookAgain(book, entry, interval)))
  }
  return lost.length
}

function keyOf({ application }: Book, { reminder, key }: Entry): string {
  return reminderKey(application, reminder, key)
}

function recordOf({ application }: Book, entry: Entry): OutgoingRecord {
  const data = new TextEncoder().encode(envelopeOf(application, entry, entry.generation))
  return { partitionKey: partitionKeyOf(entry), data }
}

async function lookAgain(book: Book, entry: EntryAt, interval: number): Promise<void> {
  const { application, clock, retention } = book
  const looks = entry.looks + 1
  const wait = Math.min(interval * 2 ** Math.min(looks, 30), 86_400_000)
  const name = `${executionName(keyOf(book, entry), entry.generation)}-${looks}`
  const at = clock.now() + Math.max(wait, 120_000)
  await enter(book.state, application, at, name, { ...entry, looks }, retention)
  await leave(book.state, entry, retention)
}
