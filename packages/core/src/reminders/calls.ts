/** Owns the calls of services: what a handler does about its event, done at once. */

import type { EventMeta } from '../declare/event.ts'
import type { NoExcess } from '../declare/excess.ts'
import type { Reminder } from '../declare/reminder.ts'
import { fitted } from '../declare/schema.ts'
import type { Json } from '../ports/index.ts'
import { called, check, required, text } from '../shapes.ts'
import { exact } from '../wire/index.ts'
import { type Asking, type Book, cancelIn, moveIn, scheduleIn } from './book.ts'
import { type Campaign, type CampaignOptions, type CampaignResult, scheduleMany } from './campaign.ts'
import type { Decision } from './decide.ts'
import { dueProblems, instantFrom, WHEN_ALONE, type When } from './due.ts'
import { type Inspection, inspectIn } from './inspect.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

/** The calls about one reminder. */
export interface ReminderCalls<Payload, Input = Payload> {
  /**
   * Schedules it, replacing one that is pending for the same key. The same payload and time again change nothing.
   *
   * @throws SpaceshipError `schema` for a payload or a time that does not fit, `permanent` for what JSON does not carry or the scheduler cannot wait for
   */
  schedule<const X extends Input>(payload: X & NoExcess<X, Input>, when: When): Promise<Outcome>
  /** Schedules many, at a rate: no service has a call for it. @throws as `schedule` does, for options that make no sense */
  scheduleMany(items: Campaign<Input>, options?: CampaignOptions): Promise<CampaignResult>
  /** Cancels what is pending, and says truthfully if that came too late. */
  cancel(key: string): Promise<Outcome>
  /** Moves what is pending to another time; the payload stays. @throws SpaceshipError as `schedule` does */
  reschedule(key: string, when: When): Promise<Outcome>
  /** What is known of the reminder; undefined if nobody has scheduled it, or its retention is over. */
  inspect(key: string): Promise<Inspection<Payload> | undefined>
}

const KEY = { key: required(text("the reminder's key")) }
export const WHEN_CALLED = { when: WHEN_ALONE }

export function callsOf<Payload, Input, N extends string>(
  book: Book,
  reminder: Reminder<Payload, Input, N>,
  event: EventMeta | undefined,
): ReminderCalls<Payload, Input> {
  const { name } = reminder
  const asking = { event }
  const since = () => event?.at.getTime() ?? book.clock.now()
  const dueOf = (verb: string, when: When): number | undefined => {
    check(called(verb, name), WHEN_CALLED, { when }, () => dueProblems(when))
    return instantFrom({ ...when }, since(), called(verb, name))
  }
  const schedule = async (payload: unknown, when: When) => {
    const dueAt = dueOf('schedule', when)
    const decision = await scheduleOne(book, reminder, { dueAt, payload }, asking)
    return outcomeOf(decision, decision.key)
  }
  return {
    schedule,
    scheduleMany: (items, options = {}) => scheduleMany(book.clock, items, schedule, options),
    cancel: async (key) => {
      check(called('cancel', name), KEY, { key })
      return outcomeOf(await cancelIn(book, { reminder: name, key }, asking), key)
    },
    reschedule: async (key, when) => {
      check(called('reschedule', name), KEY, { key })
      const dueAt = dueOf('reschedule', when)
      const which = { reminder: name, key }
      if (dueAt === undefined) return outcomeOf(await cancelIn(book, which, asking), key)
      return outcomeOf(await moveIn(book, which, dueAt, asking), key)
    },
    inspect: async (key) => {
      check(called('inspect', name), KEY, { key })
      // What is stored was parsed by this schema, or by that of an earlier version.
      return (await inspectIn(book, { reminder: name, key })) as Inspection<Payload> | undefined
    },
  }
}

/**
 * Checks the payload, and schedules it; a time that is undefined cancels what is pending.
 *
 * @throws SpaceshipError `schema` for a payload that does not fit, `permanent` for one that JSON does not carry
 */
export async function scheduleOne<P, I, N extends string>(
  book: Book,
  reminder: Reminder<P, I, N>,
  { dueAt, payload }: { readonly dueAt: number | undefined; readonly payload: unknown },
  asking: Asking,
): Promise<Decision & { readonly key: string }> {
  const what = `the payload of the reminder '${reminder.name}'`
  const fit = await fitted(reminder.spec.schema, payload, what)
  // Stores keep JSON. A payload that it does not carry is refused now, not as the reminder is due.
  const kept = exact(payload, what) as Json // what `exact` makes is what JSON holds
  const key = reminder.spec.keyOf(fit)
  const which = { reminder: reminder.name, key }
  if (dueAt === undefined) return { ...(await cancelIn(book, which, asking)), key }
  if (dueAt + book.retention < book.clock.now())
    return {
      kind: 'stands',
      why: 'due so long ago that nobody knows what became of it',
      state: undefined,
      key,
    }
  // The payload is stored as it was given; firing parses it again.
  return { ...(await scheduleIn(book, which, { dueAt, payload: kept }, asking)), key }
}
