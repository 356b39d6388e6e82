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

interface Checkpoint {
  readonly watermark: Position | undefined
  readonly journal: string | undefined
}

export class Stream {
  readonly #options: StreamOptions
  readonly #records: StreamRecord[] = []
  readonly #armed: CrashPoint[] = []
  #checkpoint: Checkpoint = { watermark: undefined, journal: undefined }
  /** Index of the next record that the process has not been given. */
  #next = 0
  #generation = 0
  #feeding = false
  #successorAt: number | undefined
  /** Handlers that were waited for in vain. */
  #hanging: ReadonlySet<object> = new Set()
  #process: Process

  constructor(options: StreamOptions) {
    this.#options = options
    this.#process = this.#start(undefined)
  }

  get records(): readonly StreamRecord[] {
    return this.#records
  }

  get process(): Process {
    return this.#process
  }

  /** Of the last checkpoint. */
  get watermark(): Position | undefined {
    return this.#checkpoint.watermark
  }

  /** When the next process takes over, in milliseconds since 1970; undefined while one is alive. */
  get successorAt(): number | undefined {
    return this.#successorAt
  }

  /** Crash points that were asked for and not reached yet. */
  get armed(): readonly CrashPoint[] {
    return this.#armed
  }

  append(arrivals: readonly Arrival[]): void {
    const { clock, appended } = this.#options
    for (const { partitionKey, data } of arrivals) {
      const record = {
        sequence: String(this.#records.length + 1),
        subSequence: 0,
        partitionKey,
        data,
        arrivedAt: new Date(clock.now()),
      }
      this.#records.push(record)
      appended(record)
    }
    this.#feed()
  }

  crash(point: CrashPoint): void {
    this.#armed.push(point)
  }

  again(as: Again): void {
    const { watermark, journal } = this.#checkpoint
    const routes = this.#process.reactors.flatMap(({ name, routes }) =>
      routes.map(({ id }) => `${name}/${id}`),
    )
    const complete = watermark === undefined ? undefined : completeJournal(watermark, routes)
    this.#process.kill('everything arrives again')
    this.#options.note(`everything arrives again, as after a ${as}`)
    this.#replace(as === 'crash' ? undefined : (journal ?? complete), 0)
  }

  /** Resolves when nothing can go on without time passing. */
  async settled(): Promise<void> {
    const activity = () => this.#generation + this.#records.length + this.#options.steps()
    for (let calm = 0; calm < CALM; ) {
      const before = activity()
      await macrotask()
      await this.#quiet(this.#process)
      calm = before === activity() ? calm + 1 : 0
    }
    if (!this.#process.alive) return
    const { watermark, journal } = await this.#process.delivery
    if (watermark !== undefined && this.#hasMoved(watermark)) this.#process.reached('checkpoint')
    if (this.#process.alive) this.#checkpoint = { watermark, journal }
  }

  #start(journal: string | undefined): Process {
    const { world, clock, failover, note } = this.#options
    this.#generation += 1
    const own = this.#generation
    return startProcess(world, journal, (point) => {
      const index = this.#armed.indexOf(point)
      if (index < 0) return false
      this.#armed.splice(index, 1)
      this.#successorAt = clock.now() + failover
      note(`the process crashed at '${point}'`)
      void clock.sleep(failover).then(() => {
        if (own === this.#generation) this.#succeed()
      })
      return true
    })
  }

  #succeed(): void {
    const { watermark, journal } = this.#checkpoint
    this.#options.note('another process took over, from the last checkpoint')
    this.#replace(
      journal,
      watermark === undefined
        ? 0
        : this.#records.findIndex((record) => comparePositions(record, watermark) > 0),
    )
  }

  #replace(journal: string | undefined, from: number): void {
    this.#successorAt = undefined
    this.#next = from < 0 ? this.#records.length : from
    this.#process = this.#start(journal)
    this.#feeding = false
    this.#feed()
  }

  /** As a worker does: the next page once the engine wants more. */
  #feed(): void {
    const reader = this.#process
    if (this.#feeding || !reader.alive || this.#next >= this.#records.length) return
    this.#feeding = true
    const page = this.#records.slice(this.#next)
    this.#next = this.#records.length
    const fed = () => {
      // Another process may read by now.
      if (reader !== this.#process) return
      this.#feeding = false
      this.#feed()
    }
    reader.push(page).then(fed, fed)
  }

  /** Waits for the delivery, but not for ever for a handler that waits for time to pass. */
  async #quiet({ alive, delivery, running }: Process): Promise<void> {
    if (!alive) return
    let over = false
    const calm = delivery.then((opened) => opened.quiet())
    const done = () => {
      over = true
    }
    calm.then(done, done)
    for (let turn = 0; turn < TURNS && !over; turn += 1) await macrotask()
    if (running.size > 0 && [...running].every((run) => this.#hanging.has(run))) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const bored = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, over ? 0 : this.#options.patience)
    })
    await Promise.race([calm, bored]).finally(() => clearTimeout(timer))
    this.#hanging = new Set(over ? [] : running)
  }

  #hasMoved(watermark: Position): boolean {
    const { watermark: before } = this.#checkpoint
    return before === undefined || comparePositions(watermark, before) > 0
  }
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
