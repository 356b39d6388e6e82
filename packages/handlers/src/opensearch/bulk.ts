/**
 * Owns which writes travel together to one address, and how many at a time. Never looks at what they write.
 *
 * ```
 *            its id is under way                     2 ms are over, it is full, or a bulk has come back
 *  write ──────────────────────> behind ──> queue ─────────────────────────────────────────────────────> under way
 *    └───────────────────────────────────────^                                                               │
 *                                                                                                            │
 *   an answer for each ──> told to each                                                                      │
 *   refused for what it holds (400, 413) ──> halves, down to the one that is refused alone  <────────────────┤
 *   refused for the load (429, 503) ──> told to each, and to all that wait  <────────────────────────────────┘
 *                                       the next bulks are half as large, one at a time
 * ```
 *
 * The next write of an id waits for the answer of the one before it: no bulk holds two of one document.
 *
 * Who writes knows better than a queue how long to wait for a server that has too much to do: nothing is kept here until its caller's time
 * is over. What comes during the pause after a refusal waits for its end; whoever goes before that is told the refusal.
 */

import type { Clock } from '@spaceship/core/ports'
import type { Operation } from './operation.ts'

/** What became of a request: answers in the order of its writes, or why there are none. */
export type Sent<A> =
  | {
      readonly answers: readonly A[]
      /** Why some of the writes were too much for the server; undefined if none was. */
      readonly busy?: unknown
    }
  | { readonly refused: 'contents' | 'load'; readonly error: unknown }

export interface BulkOptions<A> {
  /** Rejects with what each of the writes is told. */
  readonly send: (operations: readonly Operation[], signal: AbortSignal) => Promise<Sent<A>>
  readonly clock: Pick<Clock, 'sleep'>
  readonly random: () => number
  /** Writes in one request at most. */
  readonly most: number
  /** Bytes in one request at most. A write that is larger travels alone. */
  readonly room: number
}

export interface Bulk<A> {
  write(operation: Operation, signal?: AbortSignal): Promise<A>
}

/** Milliseconds for which the first write waits for others. */
const WINDOW = 2
/** Requests under way at once. */
const PARALLEL = 4
/** Milliseconds before the next request after one that was too much, at first and at most. */
const PAUSE = { first: 100, most: 10_000 }

/** A write that waits for its answer, and hears when its caller goes. A class: thousands wait, and closures would weigh twice as much. */
class Waiting<A> {
  readonly operation: Operation
  /** The next write of its id. */
  next: Waiting<A> | undefined = undefined
  /** Nobody waits for it: its caller has been told, or has gone. */
  over = false
  /** It was in a request. */
  sent = false
  readonly #resolve: (answer: A) => void
  readonly #reject: (reason: unknown) => void
  readonly #signal: AbortSignal | undefined
  readonly #gone: (waiting: Waiting<A>, reason: unknown) => unknown

  /** @param gone told when the caller goes, and why; answers what the caller is told */
  constructor(
    operation: Operation,
    signal: AbortSignal | undefined,
    gone: (waiting: Waiting<A>, reason: unknown) => unknown,
    resolve: (answer: A) => void,
    reject: (reason: unknown) => void,
  ) {
    this.operation = operation
    this.#signal = signal
    this.#gone = gone
    this.#resolve = resolve
    this.#reject = reject
    signal?.addEventListener('abort', this)
  }

  answered(answer: A): void {
    this.over = true
    this.#signal?.removeEventListener('abort', this)
    this.#resolve(answer)
  }

  failed(error: unknown): void {
    this.over = true
    this.#signal?.removeEventListener('abort', this)
    this.#reject(error)
  }

  /** Of its caller's signal. */
  handleEvent(): void {
    this.over = true
    this.failed(this.#gone(this, this.#signal?.reason))
  }
}

/** What became of a request, as the next ones go by it. */
type Outcome = 'taken' | 'unanswered' | { readonly refusal: unknown }

export function createBulk<A>({ send, clock, random, most, room }: BulkOptions<A>): Bulk<A> {
  /** Somebody waits for each of them. */
  const queue = new Set<Waiting<A>>()
  let bytes = 0
  /** The ids that are in the queue or under way, each with the last write that waits for it. */
  const busy = new Map<string, Waiting<A>>()
  /** Requests under way, and those that wait for each. */
  const flights = new Map<AbortController, readonly Waiting<A>[]>()
  let flying = 0
  let width = most
  /** In a row, and why the last one was. */
  let refusals = 0
  let refusal: unknown
  let window: 'closed' | 'open' | 'over' = 'closed'

  function enqueue(waiting: Waiting<A>): void {
    queue.add(waiting)
    bytes += waiting.operation.size
    if (window === 'closed') {
      window = 'open'
      // Never rejects: `sleep` does not, and `pump` throws nothing.
      void clock.sleep(WINDOW).then(() => {
        window = 'over'
        pump()
      })
    } else if (isFull()) pump()
  }

  function isFull(): boolean {
    return queue.size >= width || bytes >= room
  }

  function pump(): void {
    const parallel = refusals > 0 ? 1 : PARALLEL
    while (flying < parallel && queue.size > 0) {
      if (!isFull() && window === 'open') return
      // Never rejects: what fails is told to those who wait.
      void fly(take())
    }
    if (queue.size === 0 && window === 'over') window = 'closed'
  }

  function take(): Waiting<A>[] {
    const batch: Waiting<A>[] = []
    let taken = 0
    for (const waiting of queue) {
      const { size } = waiting.operation
      if (batch.length > 0 && (batch.length === width || taken + size > room)) break
      taken += size
      batch.push(waiting)
      queue.delete(waiting)
    }
    bytes -= taken
    return batch
  }

  async function fly(batch: readonly Waiting<A>[]): Promise<void> {
    flying += 1
    const outcome = await sendAll(batch)
    if (typeof outcome === 'object') {
      width = Math.max(1, Math.ceil(Math.min(width, batch.length) / 2))
      await clock.sleep(random() * Math.min(PAUSE.most, PAUSE.first * 2 ** refusals))
    } else if (outcome === 'taken') {
      width = Math.min(most, width + Math.max(1, width >> 2))
      refusals = 0
    }
    flying -= 1
    pump()
  }

  async function sendAll(batch: readonly Waiting<A>[]): Promise<Outcome> {
    const staying = batch.filter(({ over }) => !over)
    for (const gone of batch) if (gone.over) release(gone)
    if (staying.length === 0) return 'unanswered'
    const sent = await sending(staying)
    if ('answers' in sent) {
      for (const [place, waiting] of staying.entries()) {
        // Safe: the sender has checked that there is an answer for each.
        if (!waiting.over) waiting.answered(sent.answers[place] as A)
        if (sent.busy === undefined) release(waiting)
      }
      if (sent.busy === undefined) return 'taken'
      refuse(staying, sent.busy)
      return { refusal: sent.busy }
    }
    if (sent.refused === 'load') {
      refuse(staying, sent.error)
      return { refusal: sent.error }
    }
    if (sent.refused === 'contents' && staying.length > 1) {
      const middle = staying.length >> 1
      const first = await sendAll(staying.slice(0, middle))
      const others = staying.slice(middle)
      if (typeof first === 'object') {
        tell(others, first.refusal)
        return first
      }
      const second = await sendAll(others)
      return second === 'unanswered' ? first : second
    }
    for (const waiting of staying) {
      release(waiting)
      if (!waiting.over) waiting.failed(sent.error)
    }
    return sent.refused === 'contents' ? 'taken' : 'unanswered'
  }

  /** The server has too much to do: nothing that waits is kept for later. */
  function refuse(batch: readonly Waiting<A>[], error: unknown): void {
    refusals += 1
    refusal = error
    tell(batch, error)
    tell(queue, error)
    queue.clear()
    bytes = 0
  }

  /** To all of these, and to those behind them. */
  function tell(all: Iterable<Waiting<A>>, error: unknown): void {
    for (const first of all) {
      busy.delete(first.operation.id)
      for (let one: Waiting<A> | undefined = first; one !== undefined; one = one.next)
        if (!one.over) one.failed(error)
    }
  }

  async function sending(
    batch: readonly Waiting<A>[],
  ): Promise<Sent<A> | { refused: 'outage'; error: unknown }> {
    const stop = new AbortController()
    flights.set(stop, batch)
    for (const waiting of batch) waiting.sent = true
    try {
      const operations = batch.map(({ operation }) => operation)
      return await send(operations, stop.signal)
    } catch (error) {
      return { refused: 'outage', error }
    } finally {
      flights.delete(stop)
    }
  }

  function release(waiting: Waiting<A>): void {
    let { next } = waiting
    waiting.next = undefined
    while (next?.over) next = next.next
    if (next === undefined) busy.delete(waiting.operation.id)
    else enqueue(next)
  }

  function left(waiting: Waiting<A>, reason: unknown): unknown {
    if (queue.delete(waiting)) {
      bytes -= waiting.operation.size
      release(waiting)
    }
    endEmptyFlights(reason)
    return refusals > 0 && !waiting.sent ? refusal : reason
  }

  /** Nobody waits any more for a request of which all callers have gone. */
  function endEmptyFlights(reason: unknown): void {
    for (const [stop, batch] of flights) if (batch.every(({ over }) => over)) stop.abort(reason)
  }

  return {
    write: (operation, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        const waiting = new Waiting<A>(operation, signal, left, resolve, reject)
        const last = busy.get(operation.id)
        busy.set(operation.id, waiting)
        if (last === undefined) enqueue(waiting)
        else last.next = waiting
      }),
  }
}
