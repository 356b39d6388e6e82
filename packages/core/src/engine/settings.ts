/** What an engine is told, and what it makes of that: the options, and the same with their defaults filled. */

import type { Middleware } from '../declare/handler.ts'
import type { Reactor } from '../declare/reactor.ts'
import type { Duration } from '../duration.ts'
import type { Log, LogFields, LoggerOption } from '../log/index.ts'
import type { Clock, DeadLetters, EntityReader, EventSink, StateStore } from '../ports/index.ts'
import type { Plans } from './plan.ts'
import type { Observer } from './steps.ts'

export interface EngineOptions {
  /** Scopes ids, claims, journals, leases and reminders: two deployments with one name are one application. */
  readonly application: string
  readonly reactors: readonly Reactor[]
  /** Claims, journals and reminders. */
  readonly state: StateStore
  /** Required unless every route halts or discards. */
  readonly deadLetters?: DeadLetters
  /** Required by routes on a reminder with `unless`. */
  readonly entities?: EntityReader
  /** Where `context.publish` puts events. */
  readonly events?: EventSink
  /** @default the system's */
  readonly clock?: Clock
  /** Uniform in [0, 1): the jitter of retries. @default Math.random */
  readonly random?: () => number
  /**
   * Takes the log lines; `silent` drops them. Options say how they are written by default.
   *
   * @default JSON lines on standard output, from `info` on
   */
  readonly logger?: LoggerOption
  /** Handlers that run at the same time, for each shard. @default 16 */
  readonly concurrency?: number
  /** Around every attempt of every route, the first one outermost. @default none */
  readonly middleware?: readonly Middleware[]
  /** Told of each step of each record: for traces, metrics and tests. It must return at once and never throw. @default nobody */
  readonly observe?: Observer
  /** How much may be on the way. @default 10,000 records, 64 MiB, '5m' */
  readonly maxAhead?: {
    /** Of each shard. @default 10_000 */
    readonly records?: number
    /** Of the process. @default 64 MiB */
    readonly bytes?: number
    /** Of the oldest unfinished record of each shard. @default '5m' */
    readonly age?: Duration
  }
  /** A larger record becomes a dead letter without being parsed. @default 10 MiB, what Kinesis takes */
  readonly maxRecordBytes?: number
  /** How long a dependency may be down before that is logged as an error. @default '5m' */
  readonly maxPause?: Duration
  /** How far the clocks of two owners may differ, once corrected by the state store's where it tells the time. @default '2s' */
  readonly maxClockSkew?: Duration
  /** How long claims and tombstones are kept: longer than the stream's retention. @default '8d' */
  readonly retention?: Duration
}

/** What a runtime says of its process in every log line. */
export interface ProcessAbout {
  /** Names it among the processes of the application. @default random */
  readonly process?: string
  /** Asked for at each line. @default none */
  readonly context?: () => LogFields
}

/** The options with their defaults filled. */
export interface Settings {
  readonly application: string
  readonly plans: Plans
  /** Names this process among the owners of a shard. */
  readonly process: string
  readonly state: StateStore
  readonly deadLetters: DeadLetters | undefined
  readonly entities: EntityReader | undefined
  readonly events: EventSink | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Log
  readonly concurrency: number
  readonly maxAhead: { readonly records: number; readonly bytes: number; readonly age: number }
  readonly observe: Observer | undefined
  readonly maxRecordBytes: number
  readonly maxPause: number
  readonly maxClockSkew: number
  readonly retention: number
}

/** Where a record stands. */
export interface Place {
  readonly application: string
  readonly stream: string
  readonly shard: string
}
