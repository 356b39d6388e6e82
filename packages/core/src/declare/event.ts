/**
 * What routes match. An `EventDef` is a value that carries its event's type; `spec` tells the engine how a record becomes
 * that event. An entity makes definitions for its changes, `event()` for published facts, `reminder()` for due reminders.
 */

import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { TraceContext } from '../ports/event-sink.ts'
import type { Version } from './version.ts'
import type { Cron } from './windows.ts'

/** Where a record stood: a position on a shard of a stream. */
export interface Origin {
  readonly stream: string
  readonly shard: string
  /** `sequence` or `sequence.sub` for a record inside an aggregate. */
  readonly position: string
}

/**
 * Who made a change. DynamoDB marks the deletes of its own time to live, in the Region where the item expired. The replication
 * of global tables is told by the `aws:rep:` attributes of version 2017.11.29; the current version leaves no mark, and its
 * replicas, expired items among them, look like a user's.
 */
export type Actor = (typeof ACTORS)[number]

// The type checker prints the items of a list, and of a union that has a name, the name.
export const ACTORS = ['user', 'ttl', 'replication'] as const

/**
 * What every event carries. The rows and payloads of an event are the same objects for all routes of a process, and for all attempts: a
 * handler that changes one changes a copy (`structuredClone(e.after)`).
 */
export interface EventMeta<Name extends string = string> {
  readonly name: Name
  /** The identity of the event: equal for a record that a producer repeated. */
  readonly id: string
  readonly at: Date
  readonly version: Version
  /**
   * The entity's key, or the key of a published event or reminder: what orders it. Two key attributes are joined as
   * `partition|sort`; a `|` or `\` within them is then written `\|` and `\\`.
   */
  readonly key: string
  readonly source: Origin
  readonly by: Actor
  /** True of a row that a backfill has found, which nobody has changed just now. */
  readonly backfill?: boolean
  /** Set when someone asked for this event again after it had become a dead letter. */
  readonly redriven?: Redriven
}

/** When a dead letter was put back, and which. */
export interface Redriven {
  readonly at: Date
  readonly of: string
}

export interface Created<Row, Name extends string = string> extends EventMeta<Name> {
  readonly after: Row
}
export interface Saved<Row, Name extends string = string> extends EventMeta<Name> {
  /** Parsed when it is read: an old row that fails today's schema only matters to who looks at it. */
  readonly before: Row | undefined
  readonly after: Row
}
export interface Changed<Before, After, Name extends string = string> extends EventMeta<Name> {
  readonly before: Before
  readonly after: After
}
export interface Removed<Row, Name extends string = string, By extends Actor = Actor>
  extends EventMeta<Name> {
  readonly before: Row
  readonly by: By
}
export interface Published<Payload, Name extends string = string> extends EventMeta<Name> {
  readonly payload: Payload
  /** Where its publication stands in a trace, if its publisher said so: for a span's link. */
  readonly trace?: TraceContext
}
export interface Due<Payload, Name extends string = string> extends EventMeta<Name> {
  readonly payload: Payload
  readonly dueAt: Date
}

/** A kind of event that a route can name. `E` is the type its handlers get. */
export interface EventDef<out E = unknown> {
  readonly name: string
  readonly spec: EventSpec
  /** Holds the type only; never set. */
  readonly $event?: E
}

/** The event type of a definition, or the union for a list of them. */
export type EventOf<D> = D extends readonly (infer Item)[]
  ? EventOf<Item>
  : D extends EventDef<infer E>
    ? E
    : never

/** The kinds of change of an item, and its row as a backfill has found it. Only `removed` of them is not `saved`. */
export type ChangeKind = 'INSERT' | 'MODIFY' | 'REMOVE' | 'BACKFILL'

export type Image = 'before' | 'after'

export type EventSpec = ChangeSpec | PublishedSpec | ReminderSpec | ScheduleSpec

export interface ChangeSpec {
  readonly kind: 'change'
  readonly entity: EntitySpec
  readonly on: readonly ChangeKind[]
  /** The images that must parse before the route matches; another image is parsed when a handler reads it. */
  readonly exposes: readonly Image[]
  readonly by: Actor | undefined
  /** Over parsed rows. */
  readonly matches: ((before: Row | undefined, after: Row | undefined) => boolean) | undefined
  /** What `matches` was made from. */
  readonly pattern?: Readonly<Record<string, unknown>>
}

export interface PublishedSpec {
  readonly kind: 'published'
  readonly schema: StandardSchemaV1
  /** Over a parsed payload. */
  readonly keyOf: (payload: unknown) => string
}

export interface ReminderSpec {
  readonly kind: 'reminder'
  readonly schema: StandardSchemaV1
  readonly keyOf: (payload: unknown) => string
  readonly unless: Unless | undefined
}

export interface ScheduleSpec {
  readonly kind: 'schedule'
  /** Their length in milliseconds, or where they end. */
  readonly windows: number | Cron
  /** Milliseconds, as is `overlap`. */
  readonly delay: number
  readonly overlap: number
  readonly catchUp: 'latest' | 'all'
  readonly via: 'stream' | 'direct'
}

export interface Unless {
  readonly entity: EntitySpec
  /** The key attributes of the row that decides. */
  readonly keyOf: (payload: unknown) => Row
  readonly when: (row: unknown) => boolean
}

export type Row = Readonly<Record<string, unknown>>

/** What the engine knows of an entity. */
export interface EntitySpec {
  readonly name: string
  readonly table: string
  /** Names of the key attributes: partition, then sort. */
  readonly key: readonly string[]
  readonly schema: StandardSchemaV1
  /** What tells this kind from the others in a shared table: see `marks.ts`. */
  readonly when: Row | ((row: Row) => boolean) | undefined
  /** The numeric attribute that counts versions, if the application keeps one. */
  readonly version: string | undefined
  readonly upgrade: ((raw: Row) => Row) | undefined
  readonly numbers: 'double' | 'lossless'
}
