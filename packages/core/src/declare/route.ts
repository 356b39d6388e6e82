import type { Duration, Rate } from '../duration.ts'
import type { EventDef, EventOf } from './event.ts'
import type { Effect, Handler } from './handler.ts'

export interface RetryPolicy {
  /** Attempts in all, the first included. @default 5 */
  readonly attempts?: number
  /** The longest wait before the second attempt; it doubles with each further one. @default '1s' */
  readonly base?: Duration
  /** The longest wait of all. The actual wait is random between 0 and the longest ("full jitter"). @default '1m' */
  readonly max?: Duration
}

/**
 * What happens to a record for a route that has used up its attempts.
 *
 * - `dead-letter`: kept whole with its reason; the lane goes on
 * - `park`: kept whole, and so are the later records of its lane, in order, until the lane is drained
 * - `halt`: the reactor waits on this shard, loudly, until someone acts
 * - `discard`: dropped with a log line
 */
export type WhenExhausted = (typeof WHEN_EXHAUSTED)[number]

// Listed, so that the type checker prints the words and not the name.
export const WHEN_EXHAUSTED = ['dead-letter', 'park', 'halt', 'discard'] as const

export interface RouteOptions {
  /** How repeats of the route are prevented. @default the handler's own, else `'journal'` */
  readonly effect?: Effect
  /** How often and how late the route tries again. @default the reactor's */
  readonly retry?: RetryPolicy
  /** What happens to a record that has used up its attempts. @default the reactor's */
  readonly whenExhausted?: WhenExhausted
  /** How long an attempt may take before its signal is aborted. @default '30s' */
  readonly timeout?: Duration
  /** Attempts (or batches) of this route that run at the same time in this process. @default bounded by the engine's only; 4 for batches */
  readonly concurrency?: number
  /**
   * Starts of this route in this process, evenly spaced: `'10/s'`. Each has a timer of a millisecond at the least, so that what waits starts no faster than about
   * `'800/s'`; a start that the process is too busy for is not made up for.
   * @default unbounded
   */
  readonly rate?: Rate
  /**
   * `'skip'`: an event that is surely older than one that the route has handled for the same key is skipped, and so is one
   * that it has handled. Costs one item per key, which is also the claim.
   * @default stale events are handled like any other
   */
  readonly stale?: 'skip'
  /** Earlier ids of this route: what they have already done is not done again. */
  readonly formerly?: readonly string[]
}

/** An id, the events it wants, and the handler. The id is durable state: see `formerly` to rename one. */
export interface Route {
  readonly id: string
  readonly events: readonly EventDef[]
  /** Called with what `events` promise; that `on` and `route` tied the two together is what makes this safe. */
  readonly handler: Handler<never>
  readonly options: RouteOptions
}

/**
 * A route as a value, for sharing and testing: `reactor.use(route)` takes it.
 *
 * @example
 * const welcome = route('welcome', joined, (e) => console.log(e.after.name))
 */
export function route<const D extends EventDef | readonly EventDef[]>(
  id: string,
  events: D,
  handler: Handler<EventOf<D>>,
  options: RouteOptions = {},
): Route {
  // `D` is a definition or a list of them; Array.isArray does not narrow a readonly array.
  const list = (Array.isArray(events) ? events : [events]) as readonly EventDef[]
  return { id, events: list, handler, options }
}
