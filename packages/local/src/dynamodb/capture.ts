/**
 * Change data capture around a write.
 *
 * ```
 * lock the items ─► read them ─► write ─► read them again ─► what differs goes into the pipe ─► unlock
 *                            │                                        │
 *                            └ the write is unfinished ...            └ ... until here, also for a process that is killed
 * ```
 * The pipe takes a change over synchronously and within the lock, so the order in the stream is the order of the writes.
 */

import { type AwsCall, isFields } from '../http/index.ts'
import type { Pipe } from '../pipe/index.ts'
import type { Item } from './attribute.ts'
import type { Destinations } from './destinations.ts'
import type { Locks } from './locks.ts'
import { changeRecord, differs } from './record.ts'
import { lockName, partitionKeyOf } from './tables.ts'
import type { Begun, Unfinished } from './unfinished.ts'

/** An item that a request is about. */
export interface Touched {
  readonly table: string
  readonly key: Item
}

export interface CaptureOptions {
  readonly dynalite: AwsCall
  readonly locks: Locks
  readonly destinations: Destinations
  readonly pipe: Pipe
  readonly region: string
  readonly clock: () => number
  readonly unfinished: Unfinished
}

export interface Capture {
  /** Runs a write with the items as they are before it; `undefined` stands for an item that is not there. */
  around<T>(
    touched: readonly Touched[],
    write: (before: readonly (Item | undefined)[]) => Promise<T>,
    options?: {
      readonly expired?: boolean
      readonly needBefore?: boolean
      /** All items are written, or none. @default false */
      readonly whole?: boolean
    },
  ): Promise<T>
  /** Captures what an unfinished write of an earlier launch left behind. */
  recapture(id: number, write: Begun): Promise<void>
  read(touched: Touched): Promise<Item | undefined>
}

export function captureOf(options: CaptureOptions): Capture {
  const { dynalite, locks, destinations, pipe, region, clock, unfinished } = options
  const read = async ({ table, key }: Touched) => {
    const answer = await dynalite('GetItem', { TableName: table, Key: key, ConsistentRead: true })
    return answer.ok && isFields(answer.output.Item) ? answer.output.Item : undefined
  }
  const readAll = (touched: readonly Touched[]) => Promise.all(touched.map(read))

  const emit = (
    { table, key }: Touched,
    before: Item | undefined,
    after: Item | undefined,
    expired: boolean,
  ) => {
    if (!differs(before, after)) return
    const change = { table, key: keyAsStored(key, after ?? before), before, after, at: clock(), expired }
    for (const { stream, precision } of destinations.active(table)) {
      const data = Buffer.from(JSON.stringify(changeRecord(change, precision, region)))
      pipe.offer({ stream, partitionKey: partitionKeyOf(key), data })
    }
  }

  /** What the write left behind goes into the pipe, and with that the write is finished. */
  const finish = async (
    id: number | undefined,
    touched: readonly Touched[],
    before: readonly (Item | undefined)[],
    expired: boolean,
  ) => {
    const after = await readAll(touched)
    unfinished.end(id, () => {
      for (const [index, item] of touched.entries()) emit(item, before[index], after[index], expired)
    })
  }

  const around: Capture['around'] = (
    touched,
    write,
    { expired = false, needBefore = false, whole = false } = {},
  ) =>
    locks.hold(
      touched.map(({ table, key }) => lockName(table, key)),
      async () => {
        const captured = touched.some(({ table }) => destinations.active(table).length > 0)
        if (!captured && !needBefore) return write(touched.map(() => undefined))
        const before = await readAll(touched)
        const id =
          captured || whole
            ? unfinished.begin({ touched: withBefore(touched, before), expired, whole })
            : undefined
        try {
          return await write(before)
        } finally {
          // Also after a write that failed: whatever it left behind is a change.
          if (captured) await finish(id, touched, before, expired)
          else if (id !== undefined) unfinished.end(id, () => {})
        }
      },
    )

  const recapture: Capture['recapture'] = (id, { touched, expired }) =>
    finish(
      id,
      touched,
      touched.map(({ before }) => before),
      expired,
    )
  return { around, read, recapture }
}

function withBefore(touched: readonly Touched[], items: readonly (Item | undefined)[]): Begun['touched'] {
  return touched.map((item, index) => {
    const before = items[index]
    return before === undefined ? item : { ...item, before }
  })
}

/** The spelling that the table keeps: `1.0` in a request may be `1` there. */
function keyAsStored(key: Item, item: Item | undefined): Item {
  return Object.fromEntries(Object.keys(key).map((name) => [name, item?.[name] ?? key[name]]))
}
