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

/** A write as the lines of a bulk request, each with its newline. */
export interface Operation {
  readonly id: string
  readonly lines: string
}

/** What became of a request: answers in the order of its writes, or why there are none. */
export type Sent<A> =
  | { readonly answers: readonly A[]; readonly busy: boolean }
  | { readonly refused: 'contents' | 'load'; readonly error: unknown }

export interface BulkOptions<A> {
  /** Rejects with what each of the writes is told. */
  readonly send: (body: string, count: number, signal: AbortSignal) => Promise<Sent<A>>
  readonly clock: Pick<Clock, 'sleep'>
  readonly random: () => number
  /** Writes in one request at most. */
  readonly most: number
  /** Characters in one request at most. A write that is larger travels alone. */
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

interface Waiting<A> {
  readonly operation: Operation
  readonly answered: (answer: A) => void
  readonly failed: (error: unknown) => void
  /** Its caller has gone. */
  left: boolean
}

export function createBulk<A>({ send, clock, random, most, room }: BulkOptions<A>): Bulk<A> {
  const queue: Waiting<A>[] = []
  let size = 0
  /** The ids that are in the queue or under way, each with the writes that wait behind. */
  const busy = new Map<string, Waiting<A>[]>()
  /** Requests under way, and those that wait for each. */
  const flights = new Map<AbortController, readonly Waiting<A>[]>()
  let flying = 0
  let width = most
  let refusals = 0
  let window: 'closed' | 'open' | 'over' = 'closed'

  function enqueue(waiting: Waiting<A>): void {
    queue.push(waiting)
    size += waiting.operation.lines.length
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
      const { length } = operation.lines
      if (count > 0 && (count === width || taken + length > room)) break
      count += 1
      taken += length
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
    for (const gone of batch) if (gone.left) release(gone.operation.id)
    if (staying.length === 0) return false
    const sent = await sending(staying)
    if ('answers' in sent) {
      staying.forEach((waiting, place) => {
        // Safe: the sender has checked that there is an answer for each.
        end(waiting, () => waiting.answered(sent.answers[place] as A))
      })
      return sent.busy
    }
    if (sent.refused === 'contents' && staying.length > 1) {
      const middle = staying.length >> 1
      const first = await sendAll(staying.slice(0, middle))
      return (await sendAll(staying.slice(middle))) || first
    }
    for (const waiting of staying) end(waiting, () => waiting.failed(sent.error))
    return sent.refused === 'load'
  }

  async function sending(
    batch: readonly Waiting<A>[],
  ): Promise<Sent<A> | { refused: 'outage'; error: unknown }> {
    const stop = new AbortController()
    flights.set(stop, batch)
    try {
      return await send(batch.map(({ operation }) => operation.lines).join(''), batch.length, stop.signal)
    } catch (error) {
      return { refused: 'outage', error }
    } finally {
      flights.delete(stop)
    }
  }

  function end(waiting: Waiting<A>, tell: () => void): void {
    release(waiting.operation.id)
    if (!waiting.left) tell()
  }

  function release(id: string): void {
    const next = busy.get(id)?.shift()
    if (next === undefined) busy.delete(id)
    else enqueue(next)
  }

  /** Nobody waits any more for a request of which all callers have gone. */
  function endEmptyFlights(reason: unknown): void {
    for (const [stop, batch] of flights) if (batch.every(({ left }) => left)) stop.abort(reason)
  }

  function join(waiting: Waiting<A>): void {
    const { id } = waiting.operation
    const behind = busy.get(id)
    if (behind === undefined) {
      busy.set(id, [])
      enqueue(waiting)
    } else behind.push(waiting)
  }

  return {
    write: (operation, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        const settled = () => signal?.removeEventListener('abort', leave)
        const waiting: Waiting<A> = {
          operation,
          answered: (answer) => {
            settled()
            resolve(answer)
          },
          failed: (error) => {
            settled()
            reject(error)
          },
          left: false,
        }
        function leave() {
          waiting.left = true
          waiting.failed(signal?.reason)
          endEmptyFlights(signal?.reason)
        }
        signal?.addEventListener('abort', leave, { once: true })
        join(waiting)
      }),
  }
}
