import { type Duration, milliseconds } from '../duration.ts'
import { callable, check, closed, count, duration, required, type ShapesOf } from '../shapes.ts'
import type { BatchContext, Batching, Context, Handler } from './handler.ts'

export interface BatchOptions {
  /** Events at the most. */
  readonly size: number
  /**
   * Bytes at the most, of the records as they came (of dead letters, as they are kept). A record that is larger is a batch of its own.
   * @default bounded by the engine's `maxAhead` only
   */
  readonly bytes?: number
  /** How long the first event waits for others. @default '100ms' */
  readonly within?: Duration
}

export const BATCH = {
  options: closed({
    size: required(count()),
    bytes: count(),
    within: duration('200ms'),
  } satisfies ShapesOf<BatchOptions>),
  handle: required(callable),
}

/**
 * A handler of many events at once, for bulk writes. A batch holds at most one event of a lane, so order is kept.
 *
 * It returns nothing when all are done, or a list with one answer for each event, by index: nothing or `skip('why')` for one that is
 * done, an error for one that failed (also `RetryAfter`, `Unavailable`, `Permanent`), or what `Promise.allSettled` says of it. If it
 * throws, the batch is run again in halves, down to single events, so that one poisonous event does not take the others with it. A list
 * of another length names nobody: a failure in it is a failure of the batch, and without one all events are done.
 *
 * @throws ConfigurationError for a size or bytes below 1, or a malformed duration
 * @example
 * const load = batch<Saved<{ id: string }>>({ size: 500, within: '200ms' }, async (events, { signal }) => {
 *   await warehouse.load(events.map((e) => e.after), signal)
 * })
 */
export function batch<E>(
  options: BatchOptions,
  handle: (events: readonly E[], context: BatchContext) => unknown,
): Handler<E> {
  check('batch', BATCH, { options, handle })
  const { size, bytes = Number.POSITIVE_INFINITY, within = '100ms' } = options
  const batching: Batching = { size, bytes, within: milliseconds(within), handle }
  // Called by itself, as a user's own test might, it is a batch of one; the engine looks at `batching`.
  return Object.assign((event: E, context: Context) => handle([event], context), { batching })
}
