/**
 * The way of a change from its table to its stream, with the faults that AWS reserves for itself there.
 *
 * ```
 * offer ─► held (delay) ─► doubled? ─► window (shuffled) ─► lanes of its stream ─► PutRecords until it arrives
 * ```
 *
 * Without faults a change passes through all of it at once, and the order per key is kept to the end.
 */

import { type FaultSource, shuffled } from '../faults/index.ts'
import type { AwsCall } from '../http/index.ts'
import { type Lanes, lanesTo } from './lanes.ts'
import { type Outbox, outboxIn } from './outbox.ts'
import type { PipeRecord } from './record.ts'

/** What Kinesis takes at most in one record, key included. */
const LARGEST_RECORD = 1024 * 1024
/** A window that does not fill is shuffled and sent after this silence, in milliseconds. */
const SILENCE = 20

export interface PipeOptions {
  /** Kinesis. */
  readonly call: AwsCall
  readonly faults: FaultSource
  readonly log: (line: string) => void
  /** @default changes that have not arrived are gone with the process */
  readonly outbox?: Outbox
  /** Milliseconds, never running backwards. @default performance.now */
  readonly now?: () => number
}

export interface Pipe {
  /** Takes a change over, in its order. It is retried until it arrives. */
  offer(record: PipeRecord): void
  /** Resolves once everything that was offered has arrived, but for what goes to a stream that is not there. */
  idle(): Promise<void>
  /** Sends what is held at once and waits until it has arrived. */
  close(): Promise<void>
}

export function pipe(options: PipeOptions): Pipe {
  const { call, faults, log, outbox = outboxIn(undefined), now = () => performance.now() } = options
  const streams = new Map<string, Lanes>()
  const waiters: (() => void)[] = []
  const held: { record: PipeRecord; since: number }[] = []
  let window: PipeRecord[] = []
  let closing = false
  let timer: NodeJS.Timeout | undefined

  /** Wakes those who wait until all is in its lanes. */
  const settle = () => {
    if (held.length + window.length === 0) for (const wake of waiters.splice(0)) wake()
  }

  const lanesOf = (stream: string) => {
    const known = streams.get(stream)
    if (known !== undefined) return known
    const lanes = lanesTo({ stream, call, log, outbox })
    streams.set(stream, lanes)
    if (closing) lanes.finish()
    return lanes
  }
  const send = (records: readonly PipeRecord[]) => {
    for (const record of records) lanesOf(record.stream).add(record)
  }
  const flush = () => {
    const full = window
    window = []
    send(shuffled(full, faults.random))
    settle()
  }

  /** Moves on what may move, and sets the one timer for what may not yet. */
  const pump = () => {
    const { delay, duplicate, reorder } = faults.state()
    clearTimeout(timer)
    for (let head = held[0]; head !== undefined && (closing || now() - head.since >= delay); head = held[0]) {
      held.shift()
      const { record } = head
      const copies = faults.strikes(duplicate) ? [record, record] : [record]
      if (reorder <= 1) {
        flush()
        send(copies)
      } else {
        window.push(...copies)
        if (window.length >= reorder) flush()
      }
    }
    if (closing || reorder <= 1) flush()
    const [next] = held
    if (next !== undefined) timer = setTimeout(pump, Math.max(1, Math.ceil(delay - (now() - next.since))))
    else if (window.length > 0) timer = setTimeout(flush, SILENCE)
    settle()
  }
  faults.watch(pump)

  const offer = (record: PipeRecord) => {
    if (record.data.length + record.partitionKey.length > LARGEST_RECORD) {
      log(
        `pipe: a change of ${record.data.length} bytes is too large for a record of stream '${record.stream}'`,
      )
      return
    }
    held.push({ record: outbox.add(record), since: now() })
    pump()
  }
  // What an earlier launch captured, and what had not arrived when it ended.
  held.push(...outbox.waiting().map((record) => ({ record, since: now() })))
  pump()
  const idle = async () => {
    await new Promise<void>((resolve) => {
      waiters.push(resolve)
      settle()
    })
    await Promise.all([...streams.values()].map((lanes) => lanes.settled()))
  }
  const close = () => {
    closing = true
    for (const lanes of streams.values()) lanes.finish()
    pump()
    return idle()
  }
  return { offer, idle, close }
}
