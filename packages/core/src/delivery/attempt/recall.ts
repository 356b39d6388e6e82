/**
 * Owns what an attempt is about where the record only names it: a dead letter, the next one of a parked lane, a window of a
 * schedule. Never runs it.
 */

import type { DeadLetter } from '../../ports/index.ts'
import { encodeEnvelope } from '../../wire/index.ts'
import type { Matter } from '../ending/index.ts'
import { match, type Place, type Subject, type Work } from '../match/index.ts'
import { unrouted } from '../plan.ts'
import type { Task } from '../task.ts'
import type { Surroundings } from './attempt.ts'
import { isEarly, nextWindow } from './ticks.ts'

export type Recalled =
  /** `generation`: of the redrive that asked. */
  | (Matter & { readonly generation?: number })
  /** For a letter that had reached no route: what it causes now. */
  | { readonly works: readonly Work[] }
  /** There is nothing to run. */
  | { readonly why: string }

/** What this attempt is about: the task's own subject, or that of the letter which it names. */
export async function recall(task: Task, subject: Subject, around: Surroundings): Promise<Recalled> {
  if (subject.kind === 'tick') return windowOf(subject, around)
  if (subject.kind !== 'redrive' && subject.kind !== 'drain') return { subject }
  const { plan, lane, entry } = task
  const { envelope } = subject
  // A letter of a parked lane brings its whole lane: by itself it would overtake those before it.
  const whole = envelope.kind === 'drain' || around.parks.has(plan, lane)
  const id = whole ? await around.parks.first(plan, lane) : envelope.letter
  if (id === undefined) {
    // Who took the last letter out may have died before it opened the lane.
    await around.parks.open(plan, lane)
    return { why: 'no letter of its lane is left' }
  }
  const letter = await around.settings.deadLetters?.get(id)
  const takeOut = async () => {
    // In this order: a letter that nothing names any more would be redriven although it is done.
    await around.settings.deadLetters?.remove(id)
    await around.parks.remove(plan, lane, id)
  }
  if (letter === undefined) {
    // Someone removed it by hand: it must not hold up its lane for ever.
    if (whole) await takeOut()
    return whole ? recall(task, subject, around) : { why: 'its letter is gone' }
  }
  // An envelope only names a letter: one of another application or route was forged or mistaken.
  const route = letter.route === undefined ? '' : `${letter.reactor}/${letter.route}`
  const own = plan.keys.length === 0 ? route === '' : plan.keys.includes(route)
  if (letter.application !== around.place.application || letter.lane !== lane || !own) {
    around.settings.logger.warn('an envelope named a letter that is not its own', {
      letter: id,
      route: plan.key,
    })
    return { why: 'its letter is not of this route' }
  }
  if (!whole) entry.letter = id
  const works = await worksOf(letter, envelope.generation, around)
  if (plan === unrouted) return { works }
  const work = works.find((other) => other.plan === plan)
  const { generation } = envelope
  if (work?.subject.kind === 'tick') {
    const window = await windowOf(work.subject, around)
    if ('why' in window) {
      if (!whole) return window
      await takeOut()
      return recall(task, subject, around)
    }
    const both = async () => {
      await window.handled?.()
      if (whole && !window.more) await takeOut()
    }
    return { ...window, handled: both, more: whole || window.more === true, generation }
  }
  if (work !== undefined)
    return { subject: work.subject, handled: whole ? takeOut : undefined, more: whole, generation }
  // Its route no longer wants it: it is skipped, and its letter with it.
  if (!whole) return { why: 'its route no longer wants it' }
  await takeOut()
  return recall(task, subject, around)
}

async function windowOf(
  subject: Extract<Subject, { kind: 'tick' }>,
  { settings }: Surroundings,
): Promise<Matter | { readonly why: string }> {
  const { letter } = subject
  if (isEarly(subject.envelope, settings.clock.now())) {
    settings.logger.warn('a tick came long before its time', { route: subject.envelope.route })
    return { why: 'not due yet' }
  }
  // One that only waited behind a parked lane is about what was missed, as it was when it came.
  const window = await nextWindow(subject, settings, letter !== undefined && letter.reason !== 'parked')
  if (window === undefined) return { why: 'its window was handled before' }
  const { event, handled, more, alone } = window
  return {
    subject: { kind: 'event', event, ...(letter === undefined ? {} : { letter }) },
    handled,
    kept: handled,
    more,
    ...(alone === undefined
      ? {}
      : { part: { name: String(event.to.getTime()), data: encodeEnvelope(alone) } }),
  }
}

async function worksOf(
  letter: DeadLetter,
  generation: number,
  around: Surroundings,
): Promise<readonly Work[]> {
  const { sequence, subSequence, partitionKey, data, application, stream, shard, at } = letter
  const place: Place = { application, stream, shard }
  const record = { sequence, subSequence, partitionKey, data, arrivedAt: at }
  const works = await match(record, place, around.settings)
  const redriven = { at: new Date(generation), of: letter.id }
  return works.map((work) => ({ ...work, subject: marked(work.subject, letter, redriven) }))
}

function marked(
  subject: Subject,
  letter: DeadLetter,
  redriven: { readonly at: Date; readonly of: string },
): Subject {
  if (subject.kind === 'event') {
    // Made for this attempt alone.
    Object.assign(subject.event, { redriven })
    return { ...subject, letter }
  }
  return subject.kind === 'redrive' || subject.kind === 'drain' ? subject : { ...subject, letter }
}
