/**
 * Owns putting records on a channel. A request may take some records and refuse others, and keeps no order then, so that in an ordered
 * channel it holds at most one record of each key: the next one of the key follows once the former is accepted.
 *
 * Beside the table of `../aws/errors.ts`, which says it of all of AWS:
 *
 * | what is found, or answered                             | then                                                           |
 * |--------------------------------------------------------|----------------------------------------------------------------|
 * | a record that is larger than the channel takes         | Permanent for its own put, before anything is sent             |
 * | a key that the channel does not take                   | its digest is the key: its records stay together, in order     |
 * | the request is refused for what it holds               | each of its records goes out alone; Permanent for the one that |
 * |                                                        | is refused alone                                               |
 * | set-up: access, credentials, KMS, no such channel      | `Unavailable` with `setup` for all that wait, at once          |
 * | no answer within 30 s                                  | sent again: what was accepted all the same is there twice      |
 * | throttled, or an outage, of the request or of a record | sent again; `Unavailable` for all after `attempts` without     |
 * |                                                        | progress                                                       |
 * | the put's signal is aborted                            | its reason; what is not under way yet is not sent              |
 */

import { codeOf, Unavailable } from '@spaceship/core'
import { callable, count, port, type ShapesOf, setUpOf } from '@spaceship/core/adapter'
import { type Clock, type EventSink, systemClock, type TraceContext } from '@spaceship/core/ports'
import { answered } from '../aws/index.ts'
import type { Channel, Entry } from './channel.ts'

export interface SinkOptions {
  /** Rounds without progress before the put fails. @default 8 */
  readonly attempts?: number
  /**
   * Where a publication of `context.publish` stands in a trace; see `TraceContext`. What it throws, and what is no trace, is left out.
   *
   * @default the trace of the event that is handled, if it has one
   */
  readonly trace?: () => TraceContext | undefined
  /** @default the system's */
  readonly clock?: Clock
  /** Uniform in [0, 1): the jitter of rounds. @default Math.random */
  readonly random?: () => number
}

export const SINK_OPTIONS = {
  attempts: count(),
  trace: callable,
  clock: port('sleep', 'a Clock'),
  random: callable,
} satisfies ShapesOf<SinkOptions>

interface Waiting<E> {
  readonly entry: E
  readonly accepted: () => void
  readonly refused: (error: unknown) => void
  /** A request that held others, too, was refused for what it held. */
  alone: boolean
}

/** An EventSink on a channel. Puts that run at the same time share requests. */
export function sinkOn<E extends Entry>(channel: Channel<E>, options: SinkOptions): EventSink {
  const { attempts = 8, clock = systemClock, random = Math.random, trace } = options
  const { dependency, resource } = channel
  /** In the order in which they came. A set: what has ended leaves it at once, however many wait. */
  const queue = new Set<Waiting<E>>()
  let running = false

  async function run(): Promise<void> {
    running = true
    try {
      for (let failures = 0; queue.size > 0; ) {
        const batch = nextBatch(queue, channel)
        const left = await send(batch)
        const again = settle(batch, left)
        // That they go out alone from now on is progress once: what goes alone is a batch of its own.
        const isParted = batch.length > 1 && again.some(({ alone }) => alone)
        failures = again.length < batch.length || isParted ? 0 : failures + 1
        const [first] = again
        if (failures >= attempts && first !== undefined) {
          refuseAll(new Unavailable(dependency, tookNothing(left.get(first)), { cause: left.get(first) }))
        } else if (first !== undefined && !isParted) {
          await clock.sleep(random() * Math.min(5_000, 50 * 2 ** failures))
        }
      }
    } catch (error) {
      // A clock or a source of chance that fails; no put may wait for ever.
      refuseAll(error)
    }
    // In the same turn as the last look at the queue: a put that comes next must start another run.
    running = false
  }

  /** What others say may quote what was sent; what was classified does not. */
  function tookNothing(cause: unknown): string {
    const why = cause instanceof Unavailable ? `: ${cause.message}` : ''
    return `the ${resource} took nothing in ${attempts} attempts${why}`
  }

  /** @returns what was not accepted, with the reason */
  async function send(batch: readonly Waiting<E>[]): Promise<Map<Waiting<E>, unknown>> {
    const left = new Map<Waiting<E>, unknown>()
    try {
      const entries = batch.map(({ entry }) => entry)
      const ask = (signal: AbortSignal) => channel.send(entries, signal)
      // One request is under way at a time: without an end, one that is never answered would keep all that come after it.
      const refused = await answered(dependency, ask, { clock })
      batch.forEach((waiting, i) => {
        if (refused.has(i)) left.set(waiting, refused.get(i))
      })
    } catch (error) {
      for (const waiting of batch) left.set(waiting, error)
    }
    return left
  }

  /** Ends the puts whose outcome is known. @returns those that are to be sent again */
  function settle(
    batch: readonly Waiting<E>[],
    left: ReadonlyMap<Waiting<E>, unknown>,
  ): readonly Waiting<E>[] {
    const blocked = [...left.values()].find((error) => setUpOf(error) !== undefined)
    for (const waiting of batch) {
      const error = left.get(waiting)
      if (!left.has(waiting)) waiting.accepted()
      else if (codeOf(error) !== 'permanent') continue
      else if (batch.length === 1) waiting.refused(error)
      else {
        waiting.alone = true
        continue
      }
      queue.delete(waiting)
    }
    if (blocked !== undefined) refuseAll(blocked)
    return batch.filter((sent) => queue.has(sent))
  }

  function refuseAll(error: unknown): void {
    for (const waiting of queue) waiting.refused(error)
    queue.clear()
  }

  return {
    put: async (records, signal) => {
      signal?.throwIfAborted()
      const entries = records.map((record) => channel.entryOf(record))
      const own = new Set<Waiting<E>>()
      const puts = entries.map(
        (entry) =>
          new Promise<void>((accepted, refused) => own.add({ entry, accepted, refused, alone: false })),
      )
      const leave = () => {
        for (const waiting of own) {
          queue.delete(waiting)
          waiting.refused(signal?.reason)
        }
      }
      signal?.addEventListener('abort', leave, { once: true })
      for (const waiting of own) queue.add(waiting)
      // Never rejects: what fails is told to those who wait.
      if (!running) void run()
      try {
        await Promise.all(puts)
      } finally {
        signal?.removeEventListener('abort', leave)
      }
    },
    ...(trace === undefined ? {} : { trace: unfailing(trace) }),
  }
}

/** A trace is for who looks on: none is a reason to keep an event back. */
function unfailing(trace: () => TraceContext | undefined): () => TraceContext | undefined {
  return () => {
    try {
      return trace()
    } catch {
      return undefined
    }
  }
}

/** The first waiting record of each key, or the first of all, within the limits of one request; one that goes alone goes alone. */
function nextBatch<E extends Entry>(
  queue: ReadonlySet<Waiting<E>>,
  { limits, ordered }: Pick<Channel<E>, 'limits' | 'ordered'>,
): Waiting<E>[] {
  const [first] = queue
  if (first?.alone) return [first]
  const keys = new Set<string>()
  const batch: Waiting<E>[] = []
  let bytes = 0
  for (const waiting of queue) {
    const { key, size } = waiting.entry
    if (ordered && keys.has(key)) continue
    keys.add(key)
    if (waiting.alone) continue
    if (batch.length > 0 && (batch.length === limits.records || bytes + size > limits.bytes)) break
    bytes += size
    batch.push(waiting)
  }
  return batch
}
