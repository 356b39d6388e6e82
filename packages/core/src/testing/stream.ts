/**
 * Owns the virtual shard and the worker on it: records in order, the process that reads them, and the checkpoint from which
 * the next process goes on. It checkpoints whenever nothing can go on without time passing.
 *
 * ```
 *            append               quiet: checkpoint (watermark, journal)
 *  records ─────────> process ─────────────────────────────────────────────> checkpoint
 *                      │ crash                                                  │
 *                      ▼                    failover passes                     │
 *                     down ───────────────────────────────────> process <──────┘
 * ```
 */

import { comparePositions, completeJournal, type Position, type StreamRecord } from '../engine.ts'
import type { VirtualClock } from '../memory/index.ts'
import type { CrashPoint } from './crash.ts'
import { type Process, startProcess, type World } from './process.ts'

export interface Arrival {
  readonly partitionKey: string
  readonly data: Uint8Array
}

/** How everything can arrive again; see the table at `harness`. */
export const AGAIN = ['redelivery', 'duplicates', 'crash'] as const

export type Again = (typeof AGAIN)[number]

export interface Stream {
  readonly records: readonly StreamRecord[]
  readonly process: Process
  /** Of the last checkpoint. */
  readonly watermark: Position | undefined
  /** When the next process takes over, in milliseconds since 1970; undefined while one is alive. */
  readonly successorAt: number | undefined
  /** Crash points that were asked for and not reached yet. */
  readonly armed: readonly CrashPoint[]
  append(arrivals: readonly Arrival[]): void
  crash(point: CrashPoint): void
  again(as: Again): void
  /** Resolves when nothing can go on without time passing. */
  settled(): Promise<void>
}

export interface StreamOptions {
  readonly world: World
  readonly clock: VirtualClock
  /** Milliseconds that a crashed worker's lease lasts. */
  readonly failover: number
  /** Real milliseconds that a handler may take before the rest goes on without it. */
  readonly patience: number
  /** Told of what happens to the process, in words. */
  readonly note: (what: string) => void
  readonly appended: (record: StreamRecord) => void
  /** Grows with every step of the engine. */
  readonly steps: () => number
}

/** Rounds without any news after which nothing is taken to come: what a handler publishes arrives after it has ended. */
const CALM = 2

/** Turns of the event loop before a clock that really ticks is looked at. */
const TURNS = 20

export function createStream(options: StreamOptions): Stream {
  const { world, clock, failover, patience, note, appended, steps } = options
  const records: StreamRecord[] = []
  const armed: CrashPoint[] = []
  let checkpoint: { readonly watermark: Position | undefined; readonly journal: string | undefined } = {
    watermark: undefined,
    journal: undefined,
  }
  /** Index of the next record that the process has not been given. */
  let next = 0
  let generation = 0
  let feeding = false
  let successorAt: number | undefined
  /** Handlers that were waited for in vain. */
  let hanging: ReadonlySet<object> = new Set()
  let process = start(undefined)

  function start(journal: string | undefined): Process {
    generation += 1
    const own = generation
    return startProcess(world, journal, (point) => {
      const index = armed.indexOf(point)
      if (index < 0) return false
      armed.splice(index, 1)
      successorAt = clock.now() + failover
      note(`the process crashed at '${point}'`)
      void clock.sleep(failover).then(() => {
        if (own === generation) succeed()
      })
      return true
    })
  }

  function succeed(): void {
    const { watermark, journal } = checkpoint
    note('another process took over, from the last checkpoint')
    replace(
      journal,
      watermark === undefined ? 0 : records.findIndex((record) => comparePositions(record, watermark) > 0),
    )
  }

  function replace(journal: string | undefined, from: number): void {
    successorAt = undefined
    next = from < 0 ? records.length : from
    process = start(journal)
    feeding = false
    feed()
  }

  /** As a worker does: the next page once the engine wants more. */
  function feed(): void {
    const reader = process
    if (feeding || !reader.alive || next >= records.length) return
    feeding = true
    const page = records.slice(next)
    next = records.length
    const fed = () => {
      // Another process may read by now.
      if (reader !== process) return
      feeding = false
      feed()
    }
    reader.push(page).then(fed, fed)
  }

  /** Waits for the delivery, but not for ever for a handler that waits for time to pass. */
  async function quiet({ alive, delivery, running }: Process): Promise<void> {
    if (!alive) return
    let over = false
    const calm = delivery.then((opened) => opened.quiet())
    const done = () => {
      over = true
    }
    calm.then(done, done)
    for (let turn = 0; turn < TURNS && !over; turn += 1) await macrotask()
    if (running.size > 0 && [...running].every((run) => hanging.has(run))) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const bored = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, over ? 0 : patience)
    })
    await Promise.race([calm, bored]).finally(() => clearTimeout(timer))
    hanging = new Set(over ? [] : running)
  }

  async function settled(): Promise<void> {
    const activity = () => generation + records.length + steps()
    for (let calm = 0; calm < CALM; ) {
      const before = activity()
      await macrotask()
      await quiet(process)
      calm = before === activity() ? calm + 1 : 0
    }
    if (!process.alive) return
    const { watermark, journal } = await process.delivery
    if (watermark !== undefined && moved(watermark)) process.reached('checkpoint')
    if (process.alive) checkpoint = { watermark, journal }
  }

  function moved(watermark: Position): boolean {
    return checkpoint.watermark === undefined || comparePositions(watermark, checkpoint.watermark) > 0
  }

  return {
    records,
    get process() {
      return process
    },
    get watermark() {
      return checkpoint.watermark
    },
    get successorAt() {
      return successorAt
    },
    armed,
    append: (arrivals) => {
      for (const { partitionKey, data } of arrivals) {
        const record = {
          sequence: String(records.length + 1),
          subSequence: 0,
          partitionKey,
          data,
          arrivedAt: new Date(clock.now()),
        }
        records.push(record)
        appended(record)
      }
      feed()
    },
    crash: (point) => void armed.push(point),
    again: (as) => {
      const { watermark } = checkpoint
      const routes = process.reactors.flatMap(({ name, routes }) => routes.map(({ id }) => `${name}/${id}`))
      const complete = watermark === undefined ? undefined : completeJournal(watermark, routes)
      process.kill('everything arrives again')
      note(`everything arrives again, as after a ${as}`)
      replace(as === 'crash' ? undefined : (checkpoint.journal ?? complete), 0)
    },
    settled,
  }
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
