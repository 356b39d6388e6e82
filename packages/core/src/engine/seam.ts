/**
 * The one seam between the engine and the runtimes. A runtime opens a delivery for each shard that it holds, feeds it, and
 * acknowledges what it says; it never sees routes, retries or claims.
 *
 * | runtime | opens a delivery        | acknowledges                                            |
 * |---------|-------------------------|---------------------------------------------------------|
 * | Lambda  | per invocation          | the lowest unfinished position, as `batchItemFailures`  |
 * | worker  | per lease, while held   | `watermark` and `journal`, as the lease's checkpoint    |
 * | harness | per virtual shard       | nothing; it can deliver everything again                |
 */

import type { ScheduleSpec } from '../declare/event.ts'
import type { Log } from '../log/index.ts'
import type { HashKeyRange } from '../wire/aggregate.ts'
import type { Position } from '../wire/position.ts'
import type { StreamRecord } from '../wire/record.ts'
import type { Checked } from './check.ts'
import type { Explanation } from './explain.ts'

export interface Source {
  readonly stream: string
  readonly shard: string
  /**
   * What comes again when something is left unfinished: everything from the lowest unfinished record on (`suffix`: a
   * Kinesis mapping of Lambda), or nothing while the delivery is open (`none`: a worker's lease).
   */
  readonly redelivers: 'suffix' | 'none'
  /** The shard's own: records of a KPL aggregate that lie outside become dead letters. @default they are delivered */
  readonly hashRange?: HashKeyRange
}

export interface Hold {
  /** After this moment nothing of the delivery may run: the Lambda invocation's end. @default never */
  readonly hardEnd?: Date
  /** Asked synchronously before every start of a handler and every write of state. @default always */
  readonly isHeld?: () => boolean
  /** Records up to this position are done: a source that starts again at a record may hand over such. @default none is */
  readonly after?: Position
  /** For `none`: what {@link Delivery.journal} said when the position that is resumed was checkpointed. */
  readonly journal?: string
  /**
   * For `none`: owners of this shard that died since its last checkpoint. After several, its records are run one at a time,
   * each charged before it is looked at, and one that takes more processes with it becomes a dead letter.
   * @default 0
   */
  readonly crashes?: number
  /**
   * For a source that does not count its owners: each record is charged as if several had died, and run by itself. Whoever sets it takes the
   * charges back by {@link Delivery.absolve}. Deaths are counted of one position: whoever dies of another each time is never stopped.
   * @default false
   */
  readonly charges?: boolean
}

/**
 * What the lowest unfinished record waits for:
 *
 * | reason        | means                                                                                       |
 * |---------------|---------------------------------------------------------------------------------------------|
 * | `handler`     | its handler runs, or its batch gathers, within its deadline                                 |
 * | `overdue`     | its handler runs on beyond its deadline                                                     |
 * | `retry`       | an attempt failed: the next one comes later                                                 |
 * | `retry-after` | the handler said when to come back                                                          |
 * | `unavailable` | a dependency is down                                                                        |
 * | `held`        | another owner has its claim                                                                 |
 * | `gate`        | its route is paused, has its rate, or needs a dependency that is down                       |
 * | `place`       | as many handlers run as may, of its route or of its shard                                   |
 * | `blocked`     | likewise, and each of these runs on beyond its deadline                                     |
 * | `halt`        | its reactor waits until someone acts                                                        |
 * | `unnamed`     | none of these: a store or a schema that does not answer, or a fault of the engine           |
 */
export type Reason =
  | 'handler'
  | 'overdue'
  | 'retry'
  | 'retry-after'
  | 'unavailable'
  | 'held'
  | 'gate'
  | 'place'
  | 'blocked'
  | 'halt'
  | 'unnamed'

export interface Delivery {
  /**
   * Hands over records in stream order; later pages may be pushed while earlier ones are in flight. Resolves when the
   * engine wants more: work above the watermark is bounded by count and bytes.
   */
  push(records: readonly StreamRecord[]): Promise<void>
  /** The highest position below which everything is done or kept as a dead letter. Monotonic. */
  readonly watermark: Position | undefined
  /** Everything that was pushed is done or kept. */
  readonly complete: boolean
  /**
   * What the next holder must know beside the watermark: what is done above it, and the attempts of what is not. Small:
   * it grows with what is stuck, not with what is done. Undefined when there is nothing to know.
   */
  readonly journal: string | undefined
  /** Undefined if everything that was pushed is done or kept. */
  readonly waitsFor: Reason | undefined
  /** Resolves when nothing can go on without new records or time passing: what tests wait for instead of sleeping. */
  quiet(): Promise<void>
  /**
   * Waits for what is in flight until `until`; nothing starts after it, and signals are aborted at it. An attempt that is to come before
   * it is waited for where the source redelivers at once (`suffix`), and left to the next owner elsewhere. For `suffix` the journal is
   * durable when this resolves.
   *
   * @returns what is unfinished, lowest first
   */
  settle(until: Date): Promise<readonly Position[]>
  /** Takes back the charge of the record that was run last, once it has ended: the process lives. Never rejects; the log tells of a store that fails. */
  absolve(): Promise<void>
  /** The shard is lost: aborts signals, starts nothing more, reports nothing. Synchronous. */
  revoke(reason: unknown): void
  /** Resolves when no handler runs, and none waits: once the delivery is revoked, when the last one has settled. Never rejects. */
  drained(): Promise<void>
}

/** A route, as an engine runs it. */
export interface EngineRoute {
  /** `reactor/route`. */
  readonly key: string
  /** Its own key, then those of its former ids. */
  readonly keys: readonly string[]
  /** What an attempt passes, in order. */
  readonly stages: readonly string[]
  /** Of a route made with `every`: its windows. */
  readonly schedule: ScheduleSpec | undefined
}

export interface Engine {
  readonly application: string
  /** Takes the runtime's own lines: it never fails, and names the process. */
  readonly logger: Log
  readonly routes: readonly EngineRoute[]
  /** What each route makes of a record, in words. No handler runs. */
  explain(record: StreamRecord): readonly Explanation[]
  /** Asks each port once for what it will need: for the start of a process. Never rejects. */
  check(): Promise<Checked>
  /** Bytes that deliveries may still take in together, of `maxAhead.bytes`; less than none where they hold more. */
  readonly room: number
  /** Handlers that have passed their deadline and still run: a liveness probe that sees some for long should fail. */
  readonly overdue: number
  /** Starts no attempt of a route (`reactor/route`) or reactor in this process until it is resumed; what runs goes on. */
  pause(key: string): void
  resume(key: string): void
  /** @throws SpaceshipError `tainted` while a handler of an earlier delivery has outlived it, of a source that redelivers a suffix */
  open(source: Source, hold?: Hold): Promise<Delivery>
}
