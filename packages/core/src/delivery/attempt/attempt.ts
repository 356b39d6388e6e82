/**
 * Owns one attempt of one route at one record: claim, look up, run the handler, judge. Never waits for another attempt
 * (that is the lane's part) and never writes what a verdict leads to (that is `ending.ts`).
 *
 * ```
 *  recall a letter ─> claim or guard ─> look up a reminder ─> middleware, handler ─> verdict ─> ending
 *                      │ held: wait
 *                      └ handled before, stale: skipped
 * ```
 *
 * Once the verdict is final the handler is not run again, even if the store fails while the claim or letter is written.
 * A route that has only a handler runs without a promise between its turn and its end.
 */

import type { EventMeta } from '../../domain/event.ts'
import { resolveReminder } from '../../reminders/firing.ts'
import { RetryAfter, Unavailable } from '../../verdicts.ts'
import type { Settings } from '../configuration.ts'
import type { Parks } from '../ending/index.ts'
import {
  ABANDONED,
  DONE,
  type Ending,
  end,
  type Outcome,
  parkBehind,
  settle,
  skipped,
} from '../ending/index.ts'
import { claimKeys, guardKeys } from '../keys.ts'
import { identityOf, type Place, type Subject, type Work } from '../match/index.ts'
import type { RoutePlan } from '../plan.ts'
import type { Task } from '../task.ts'
import { ofReturn, ofThrown, type Verdict } from '../verdict.ts'
import type { Batches } from './batches.ts'
import { type Acquired, acquire, type Claim } from './claim.ts'
import { HandlerContext } from './context.ts'
import { type Deadlines, GRACE, Run } from './deadlines.ts'
import { acquireGuard } from './guard.ts'
import { recall } from './recall.ts'

/** What the attempt needs of its delivery. */
export interface Surroundings {
  readonly settings: Settings
  readonly place: Place
  /** Milliseconds since 1970: nothing may run after it. */
  readonly hardEnd: number
  readonly deadlines: Deadlines
  readonly parks: Parks
  readonly batches: Batches
  /** Whether the shard is still ours: asked before every write. */
  readonly isHeld: () => boolean
  /** Held, and not draining: asked before every start of a handler. */
  readonly mayStart: () => boolean
  /** Aborted when the delivery drains or the shard is lost. */
  readonly stopped: AbortSignal
  readonly started: (task: Task) => void
  /** What a task is about whose subject was forgotten; undefined if its route no longer wants the record. */
  readonly remembered: (task: Task) => Promise<Subject | undefined>
  /** Gives the record more tasks: its letter, which had reached no route, now reaches these. */
  readonly spread: (task: Task, works: readonly Work[]) => void
  /** Called when a task has ended, before it counts as that. */
  readonly recordEnded: (task: Task) => Promise<void>
}

/** Never throws and never rejects. */
export function attempt(task: Task, around: Surroundings): Outcome | Promise<Outcome> {
  const { plan, subject } = task
  const direct = plan.direct && task.ending === undefined && subject?.kind === 'event' && !isUsedUp(task)
  if (!direct || subject.letter !== undefined) return inSteps(task, around)
  around.started(task)
  const run = runOf(plan, around)
  let running: Promise<unknown>
  try {
    const returned = call(plan, subject.event, new HandlerContext(run, task, subject, around, undefined))
    if (!isThenable(returned)) return concluded(task, subject, ofReturn(returned), around)
    // What is no promise of ours may do its work each time that it is asked for its end: a query does.
    running = Promise.resolve(returned)
  } catch (error) {
    return concluded(task, subject, ofThrown(error), around)
  }
  const { deadlines } = around
  deadlines.watch(run, running)
  return running.then(
    (value) => {
      deadlines.settled(run)
      return concluded(task, subject, ofReturn(value), around)
    },
    (error) => {
      deadlines.settled(run)
      return concluded(task, subject, ofThrown(error), around)
    },
  )
}

/** Where nothing is claimed, a verdict that needs no write ends the task at once. */
function concluded(
  task: Task,
  subject: Subject,
  judged: Verdict,
  around: Surroundings,
): Outcome | Promise<Outcome> {
  const verdict = judge(task, judged, around)
  switch (verdict.kind) {
    case 'done':
    case 'skip': {
      const outcome = verdict.kind === 'done' ? DONE : skipped(verdict.reason).outcome
      if (around.isHeld()) return outcome
      // If the shard is held again in a moment, the handler is not asked again.
      task.ending = { steps: [], outcome }
      return ABANDONED
    }
    case 'dead':
      return inSteps(task, around, () => settle(task, { subject }, verdict, undefined, around))
    default:
      return verdict
  }
}

async function inSteps(
  task: Task,
  around: Surroundings,
  run: () => Promise<Outcome | Ending> = () => execute(task, around),
): Promise<Outcome> {
  try {
    if (task.ending === undefined) {
      const result = await run()
      if (!('steps' in result)) return result
      task.ending = result
    }
    return await end(task, task.ending, around)
  } catch (error) {
    // Handlers are judged in `handle`; what arrives here is a store that failed, or a lane that is full. The attempt is not counted.
    const judged = ofThrown(error)
    return judged.kind === 'unavailable' || judged.kind === 'retry-after'
      ? judged
      : { kind: 'unavailable', dependency: 'state', error }
  }
}

/** Runs up to the verdict, and says what it leads to. */
async function execute(task: Task, around: Surroundings): Promise<Outcome | Ending> {
  const { plan, lane } = task
  const subject = task.subject ?? (await around.remembered(task))
  if (subject === undefined) return skipped('its route no longer wants it')
  if (!around.mayStart()) return ABANDONED
  // What comes to a parked lane waits behind it, but for what runs it.
  const brings = subject.kind === 'drain' || subject.kind === 'redrive'
  if (around.parks.has(plan, lane) && !brings) return parkBehind(task, around)

  const recalled = await recall(task, subject, around)
  if ('why' in recalled) return skipped(recalled.why)
  if ('works' in recalled) {
    around.spread(task, recalled.works)
    return { steps: [], outcome: DONE }
  }
  const { subject: found, generation } = recalled
  const conclude = (verdict: Verdict, held?: Claim) => settle(task, recalled, verdict, held, around)
  if (found.kind === 'dead') return conclude({ kind: 'dead', reason: found.reason, error: found.detail })
  const run = runOf(plan, around)
  const claimed = await claim(task, found, generation, run.deadline, around)
  switch (claimed?.kind) {
    case 'held':
      return claimed
    case 'refused':
      return conclude(claimed.verdict)
    case 'dead':
      // What was redriven and failed has been here: its letter stays, as it did then.
      return conclude(generation === undefined ? HANDLED : FAILED_AGAIN)
    case 'completed':
      return conclude(HANDLED)
    case 'stale':
      return conclude(STALE)
  }
  const held = claimed?.claim
  if (!around.mayStart()) {
    await held?.release()
    return ABANDONED
  }
  if (isUsedUp(task)) return conclude(USED_UP, held)
  const running = handle(task, found, run, held, around)
  around.deadlines.watch(run, running)
  const verdict = await running
  around.deadlines.settled(run)
  return conclude(judge(task, verdict, around), held)
}

const HANDLED: Verdict = { kind: 'skip', reason: 'handled before' }
const STALE: Verdict = { kind: 'skip', reason: 'older than what was handled' }
const USED_UP: Verdict = {
  kind: 'dead',
  reason: 'exhausted',
  error: 'its owner ended before its last failure was kept',
}
const FAILED_AGAIN: Verdict = { kind: 'dead', reason: 'exhausted', error: 'it failed when it was redriven' }

/** The attempt that was the last one failed, and what it led to was not written. Who waits for someone to act may try again. */
function isUsedUp({ plan, attempts }: Task): boolean {
  return attempts >= plan.attempts && plan.whenExhausted !== 'halt'
}

/** A batch is watched as one; its events wait for it, and their leases with them. */
function runOf({ timeout, batching }: RoutePlan, { settings, hardEnd }: Surroundings): Run {
  const deadline = Math.min(settings.clock.now() + (batching?.within ?? 0) + timeout, hardEnd)
  return new Run(deadline, batching !== undefined)
}

/** Undefined for a route that claims nothing. */
async function claim(
  { plan, lane }: Task,
  subject: Subject,
  generation: number | undefined,
  until: number,
  { settings, place }: Surroundings,
): Promise<
  Acquired | { readonly kind: 'stale' } | { readonly kind: 'refused'; readonly verdict: Verdict } | undefined
> {
  const guarded = plan.stale !== undefined && subject.kind === 'event'
  if (!guarded && plan.effect !== 'claim') return undefined
  let id: string
  try {
    id = identityOf(subject)
  } catch (error) {
    return { kind: 'refused', verdict: { kind: 'dead', reason: 'schema', error } }
  }
  const using = { ...settings, now: settings.clock.now }
  if (!guarded) return acquire(using, claimKeys(place.application, plan, id), until, generation)
  const { version } = subject.event
  return acquireGuard(
    using,
    guardKeys(place.application, plan, lane),
    { version, id, redriven: generation !== undefined },
    until,
  )
}

async function handle(
  task: Task,
  subject: Subject,
  run: Run,
  held: Claim | undefined,
  around: Surroundings,
): Promise<Verdict> {
  const { plan } = task
  let running: Promise<unknown> | undefined
  try {
    const found = subject.kind === 'reminder' ? await resolveReminder(subject, around.settings) : subject
    if (found.kind === 'skip') return found
    // Of the others only an event has something for a handler.
    if (found.kind !== 'event') throw new TypeError(`a ${found.kind} reached a handler`)
    // Nothing may start once the shard is lost, also after the look-up above.
    if (!around.mayStart()) throw notHeld(around)
    // Nor once its lease is over: another owner may run it.
    if (held !== undefined && around.settings.clock.now() >= run.deadline)
      throw new Unavailable('state', `the store took longer than the timeout of ${plan.key}`)
    around.started(task)
    const { event } = found
    const context = new HandlerContext(run, task, subject, around, held)
    const start = async () =>
      plan.batching === undefined
        ? call(plan, event, context)
        : around.batches.join(plan, plan.batching, { event, run, claim: held })
    const inner = () => {
      running ??= start()
      return running
    }
    const wrapped = plan.middleware.reduceRight<() => Promise<unknown>>(
      (next, wrap) => async () => wrap(event, context, next),
      inner,
    )
    return ofReturn(await wrapped())
  } catch (error) {
    return ofThrown(error)
  } finally {
    // Middleware that did not wait for its handler must not let the next attempt start beside it.
    if (running !== undefined) await Promise.allSettled([running])
  }
}

/** Why nothing may start; it is never counted, though the shard may be held again by the time that it is judged. */
export function notHeld({ stopped }: Pick<Surroundings, 'stopped'>): unknown {
  return stopped.reason ?? new RetryAfter(GRACE, 'the shard is not held at the moment')
}

/** `route()` tied the handler's event type to the definitions that `match` made this event from. */
function call({ handler }: RoutePlan, event: EventMeta, context: HandlerContext): unknown {
  return handler(event as never, context)
}

/** A counted failure that was the last one becomes final; one that our own stop caused is not counted. */
function judge(task: Task, verdict: Verdict, around: Surroundings): Verdict {
  if (verdict.kind !== 'retry' || !around.mayStart()) return verdict
  task.attempts += 1
  return task.attempts < task.plan.attempts
    ? verdict
    : { kind: 'dead', reason: 'exhausted', error: verdict.error }
}

/** What `await` would wait for. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return isObject && 'then' in value && typeof value.then === 'function'
}

export function fieldsOf({ plan, entry, attempts }: Task): Record<string, unknown> {
  return { reactor: plan.reactor, route: plan.route, sequence: entry.record.sequence, attempts }
}
