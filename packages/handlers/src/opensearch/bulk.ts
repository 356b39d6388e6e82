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
 *   refused for the load (429, 503) ──> told to each; the next bulks are half as large, one at a time  <─────┘
 * ```
 *
 * The next write of an id waits for the answer of the one before it: no bulk holds two of one document.
 */

import type { Clock } from '@spaceship/core/ports'
import type { Operation } from './operation.ts'

/** What became of a request: answers in the order of its writes, or why there are none. */
export type Sent<A> =
  | { readonly answers: readonly A[]; readonly busy: boolean }
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
  /** Its caller has gone. */
  left = false
  readonly #resolve: (answer: A) => void
  readonly #reject: (reason: unknown) => void
  readonly #signal: AbortSignal | undefined
  readonly #gone: (reason: unknown) => void

  /** @param gone told when the caller goes */
  constructor(
    operation: Operation,
    signal: AbortSignal | undefined,
    gone: (reason: unknown) => void,
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
    this.#signal?.removeEventListener('abort', this)
    this.#resolve(answer)
  }

  failed(error: unknown): void {
    this.#signal?.removeEventListener('abort', this)
    this.#reject(error)
  }

  /** Of its caller's signal. */
  handleEvent(): void {
    const reason: unknown = this.#signal?.reason
    this.left = true
    this.failed(reason)
    this.#gone(reason)
  }
}

export function createBulk<A>({ send, clock, random, most, room }: BulkOptions<A>): Bulk<A> {
  const queue: Waiting<A>[] = []
  let size = 0
  /** The ids that are in the queue or under way, each with the last write that waits for it. */
  const busy = new Map<string, Waiting<A>>()
  /** Requests under way, and those that wait for each. */
  const flights = new Map<AbortController, readonly Waiting<A>[]>()
  let flying = 0
  let width = most
  let refusals = 0
  let window: 'closed' | 'open' | 'over' = 'closed'

  function enqueue(waiting: Waiting<A>): void {
    queue.push(waiting)
    size += waiting.operation.size
    if (window === 'closed') {
      window = 'open'
      // Never rejects: `sleep` does not, and `pump` throws nothing.
      void clock.sleep(WINDOW).then(() => {
        window = 'over'
        pump()
      })
    } else if (queue.length >= width || size >= room) pump()
  }

  function pump(): void {
    const parallel = refusals > 0 ? 1 : PARALLEL
    while (flying < parallel && queue.length > 0) {
      const isFull = queue.length >= width || size >= room
      if (!isFull && window === 'open') return
      // Never rejects: what fails is told to those who wait.
      void fly(take())
    }
    if (queue.length === 0 && window === 'over') window = 'closed'
  }

  function take(): Waiting<A>[] {
    let count = 0
    let taken = 0
    for (const { operation } of queue) {
      if (count > 0 && (count === width || taken + operation.size > room)) break
      count += 1
      taken += operation.size
    }
    size -= taken
    return queue.splice(0, count)
  }

  async function fly(batch: readonly Waiting<A>[]): Promise<void> {
    flying += 1
    const tooMuch = await sendAll(batch)
    if (tooMuch) {
      width = Math.max(1, Math.ceil(Math.min(width, batch.length) / 2))
      refusals += 1
      await clock.sleep(random() * Math.min(PAUSE.most, PAUSE.first * 2 ** refusals))
    } else {
      width = Math.min(most, width + Math.max(1, width >> 2))
      refusals = 0
    }
    flying -= 1
    pump()
  }

  /** @returns whether it was too much for the server */
  async function sendAll(batch: readonly Waiting<A>[]): Promise<boolean> {
    const staying = batch.filter(({ left }) => !left)
    for (const gone of batch) if (gone.left) release(gone)
    if (staying.length === 0) return false
    const sent = await sending(staying)
    if ('answers' in sent) {
      for (const [place, waiting] of staying.entries()) {
        release(waiting)
        // Safe: the sender has checked that there is an answer for each.
        if (!waiting.left) waiting.answered(sent.answers[place] as A)
      }
      return sent.busy
    }
    if (sent.refused === 'contents' && staying.length > 1) {
      const middle = staying.length >> 1
      const first = await sendAll(staying.slice(0, middle))
      return (await sendAll(staying.slice(middle))) || first
    }
    for (const waiting of staying) {
      release(waiting)
      if (!waiting.left) waiting.failed(sent.error)
    }
    return sent.refused === 'load'
  }

  async function sending(
    batch: readonly Waiting<A>[],
  ): Promise<Sent<A> | { refused: 'outage'; error: unknown }> {
    const stop = new AbortController()
    flights.set(stop, batch)
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
    const { next } = waiting
    if (next === undefined) busy.delete(waiting.operation.id)
    else {
      waiting.next = undefined
      enqueue(next)
    }
  }

  /** Nobody waits any more for a request of which all callers have gone. */
  function endEmptyFlights(reason: unknown): void {
    for (const [stop, batch] of flights) if (batch.every(({ left }) => left)) stop.abort(reason)
  }

  return {
    write: (operation, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        const waiting = new Waiting<A>(operation, signal, endEmptyFlights, resolve, reject)
        const last = busy.get(operation.id)
        busy.set(operation.id, waiting)
        if (last === undefined) enqueue(waiting)
        else last.next = waiting
      }),
  }
}
