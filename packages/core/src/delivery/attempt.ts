/**
 * Owns one attempt of one route at one record: claim, look up, run the handler, judge, and end what must be ended before
 * the record counts as done. Never waits for another attempt; that is the lane's part.
 *
 * ```
 *  claim ──> look up the reminder ──> handler ──> verdict ──┬─ done, skip ─> complete the claim ──┐
 *    │ held: wait                                           ├─ dead ──────> letter, bury the claim ├─> ended
 *    │ finished: ended                                      └─ retry … ───> release the claim      │
 *    └────────────────────────────────────────────────────────────────────────────────────────────┘
 * ```
 *
 * Once the verdict is final the handler is not run again, even if the store fails while the claim or letter is written:
 * `ending` holds the steps that are left.
 */

import { createHash } from 'node:crypto'
import type { EventMeta } from '../domain/event.ts'
import type { Context } from '../domain/handler.ts'
import { resolveReminder } from '../reminders/firing.ts'
import { acquire, type Claim } from './claim.ts'
import type { Settings } from './configuration.ts'
import { contextOf } from './context.ts'
import type { Entry, Share } from './ledger.ts'
import { bury, type Condemned, letterId } from './letters.ts'
import type { Place, Subject, Work } from './match.ts'
import { type RoutePlan, unrouted } from './plan.ts'
import { describe, ofReturn, ofThrown, type Verdict } from './verdict.ts'

/** One route's share of a record, on its way through a lane. */
export interface Task {
  readonly entry: Entry
  readonly share: Share
  readonly plan: RoutePlan
  /** What orders the record within its route; empty if it reached no lane. */
  readonly lane: string
  readonly identity: () => string
  /** What to run, or why there is nothing to run: the record is dead already. */
  readonly subject: Subject | Refused
  /** What is left to do once the verdict is final, in order; each step is dropped when it has succeeded. */
  ending: (() => Promise<unknown>)[] | undefined
}

/** A record that no handler can be given. */
export type Refused = Extract<Work, { readonly kind: 'dead' }>

/** What the attempt needs of its delivery. */
export interface Surroundings {
  readonly settings: Settings
  readonly place: Place
  readonly hardEnd: number
  /** Whether the shard is still ours: asked before every write. */
  readonly isHeld: () => boolean
  /** Held, and not draining: asked before every start of a handler. */
  readonly mayStart: () => boolean
  /** Aborted when the delivery drains or the shard is lost. */
  readonly stopped: AbortSignal
  /** Called when the last share of a record has ended, before the record counts as done. */
  readonly recordEnded: (task: Task) => Promise<void>
}

/** How the attempt ended, as the lane sees it. */
export type Outcome =
  | { readonly kind: 'ended' }
  /** Not counted; `until` in milliseconds since 1970. */
  | { readonly kind: 'held'; readonly until: number }
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'halt'; readonly detail: string }
  | Extract<Verdict, { readonly kind: 'retry' | 'retry-after' | 'unavailable' }>

export async function attempt(task: Task, around: Surroundings): Promise<Outcome> {
  if (!around.mayStart()) return { kind: 'abandoned' }
  try {
    if (task.ending === undefined) {
      const unfinished = await execute(task, around)
      if (unfinished !== undefined) return unfinished
    }
    return await end(task, around)
  } catch (error) {
    // Handlers are judged in `run`; what arrives here is a store that failed. The attempt is not counted.
    return { kind: 'unavailable', dependency: 'state', error }
  }
}

/** Runs up to the verdict. Returns nothing when it is final and `ending` says what is left. */
async function execute(task: Task, around: Surroundings): Promise<Outcome | undefined> {
  const { plan, subject } = task
  const { settings } = around
  if (subject.kind === 'dead') return giveUp(task, around, { ...subject, attempts: 0 })
  const deadline = Math.min(settings.clock.now() + plan.timeout, around.hardEnd)
  let claim: Claim | undefined
  if (plan.effect === 'claim') {
    let keys: readonly string[]
    try {
      keys = claimKeys(task, around)
    } catch (error) {
      return giveUp(task, around, { reason: 'schema', detail: describe(error), attempts: 0 })
    }
    const result = await acquire({ ...settings, now: settings.clock.now }, keys, deadline)
    if (result.kind === 'held') return result
    if (result.kind === 'finished') return final(task, [])
    claim = result.claim
    if (!around.mayStart()) {
      await claim.release()
      return { kind: 'abandoned' }
    }
  }
  const verdict = judge(task, await run(task, subject, around, deadline), around)
  switch (verdict.kind) {
    case 'done':
    case 'skip':
      if (verdict.kind === 'skip')
        settings.logger.debug('skipped', { ...fieldsOf(task), reason: verdict.reason })
      return final(task, claim === undefined ? [] : [() => complete(claim, task, settings)])
    case 'dead': {
      const { reason, error } = verdict
      const attempts = Math.max(task.share.attempts, 1)
      return giveUp(task, around, { reason, detail: describe(error), attempts }, claim)
    }
    default:
      // The verdict stands if the store fails; then the lease has to end by itself.
      await claim?.release().catch(() => false)
      return verdict
  }
}

/** The handler will not run again; these steps are left. */
function final(task: Task, steps: (() => Promise<unknown>)[]): undefined {
  task.ending = steps
  return undefined
}

async function run(task: Task, subject: Subject, around: Surroundings, deadline: number): Promise<Verdict> {
  const { settings, place } = around
  const scope = contextOf({ task, settings, place, deadline, stopped: around.stopped })
  try {
    const event = await eventOf(subject, settings)
    if (event.kind === 'skip') return event
    // Nothing may start once the shard is lost, also after the look-up above.
    if (!around.mayStart()) throw around.stopped.reason
    return ofReturn(await call(task.plan, event.event, scope.context))
  } catch (error) {
    return ofThrown(error)
  } finally {
    scope.close()
  }
}

/** `route()` tied the handler's event type to the definitions that `match` made this event from. */
function call({ handler }: RoutePlan, event: EventMeta, context: Context): unknown {
  return handler(event as never, context)
}

async function eventOf(
  subject: Subject,
  settings: Settings,
): Promise<{ readonly kind: 'event'; readonly event: EventMeta } | Extract<Verdict, { kind: 'skip' }>> {
  return subject.kind === 'event' ? subject : resolveReminder(subject, settings)
}

/** A counted failure that was the last one becomes final; one that our own stop caused is not counted. */
function judge(task: Task, verdict: Verdict, around: Surroundings): Verdict {
  if (verdict.kind !== 'retry' || !around.mayStart()) return verdict
  task.share.attempts += 1
  return task.share.attempts < task.plan.attempts
    ? verdict
    : { kind: 'dead', reason: 'exhausted', error: verdict.error }
}

/** No attempt can help: the record becomes a dead letter, or halts its reactor. */
async function giveUp(
  task: Task,
  around: Surroundings,
  why: Pick<Condemned, 'reason' | 'detail' | 'attempts'>,
  claim?: Claim,
): Promise<Outcome | undefined> {
  const { settings, place } = around
  const { reason, detail, attempts } = why
  if (task.plan.whenExhausted === 'halt') {
    // If the store is down the lease ends by itself; trying again would run the handler again.
    await claim?.release().catch(() => false)
    return { kind: 'halt', detail }
  }
  const plan = task.plan === unrouted ? undefined : task.plan
  const condemned = { plan, record: task.entry.record, lane: task.lane, reason, detail, attempts }
  return final(task, [
    () => bury(settings, place, condemned),
    ...(claim === undefined ? [] : [() => claim.bury(letterId(place, condemned))]),
  ])
}

/** Takes the steps that are left. A step that throws stays, and is taken again by the next attempt. */
async function end(task: Task, around: Surroundings): Promise<Outcome> {
  for (let step = task.ending?.[0]; step !== undefined; step = task.ending?.[0]) {
    if (!around.isHeld()) return { kind: 'abandoned' }
    await step()
    task.ending?.shift()
  }
  if (!around.isHeld()) return { kind: 'abandoned' }
  await around.recordEnded(task)
  return { kind: 'ended' }
}

async function complete(claim: Claim, task: Task, { logger }: Settings): Promise<void> {
  if (!(await claim.complete()))
    logger.warn('a claim was taken over while its handler ran: the effect may be repeated', fieldsOf(task))
}

function claimKeys({ plan, identity }: Task, { place }: Surroundings): string[] {
  const id = identity()
  // Publishers choose their ids; a store's keys end at 1,024 bytes.
  const name = id.length > 200 ? createHash('sha256').update(id).digest('base64url') : id
  return [plan.key, ...plan.formerKeys].map((key) => `${place.application}/claim/${key}/${name}`)
}

export function fieldsOf({ plan, entry, share }: Task): Record<string, unknown> {
  return {
    reactor: plan.reactor,
    route: plan.route,
    sequence: entry.record.sequence,
    attempts: share.attempts,
  }
}
