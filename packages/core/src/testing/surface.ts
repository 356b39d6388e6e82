/** Owns what a test can do with the harness, and how it is set up. */

import type { KeyValue } from '../adapter.ts'
import type { EngineOptions, Explanation, StreamRecord } from '../engine.ts'
import type { Duration, Entity, PublishedEvent, Reminder } from '../index.ts'
import type { DeadLetter } from '../ports/index.ts'
import type { CrashPoint } from './crash.ts'
import type { Expected } from './expect.ts'
import type { PendingTask } from './pending.ts'
import type { Again } from './stream.ts'

export interface HarnessOptions
  extends Pick<
    EngineOptions,
    | 'concurrency'
    | 'logger'
    | 'maxAhead'
    | 'maxClockSkew'
    | 'maxPause'
    | 'maxRecordBytes'
    | 'middleware'
    | 'observe'
    | 'random'
    | 'retention'
  > {
  /** @default 'harness' */
  readonly application?: string
  /** Where the clock starts. @default 2026-01-01T00:00:00Z */
  readonly start?: Date
  /** After a crash, how long until another process takes over. @default '10s' */
  readonly failover?: Duration
  /**
   * Real milliseconds that a write waits for a handler that does not settle by itself: one that hangs, or waits for the clock.
   * Then the write returns, and the record is pending.
   * @default 1_000
   */
  readonly patience?: number
}

export interface PendingReminder {
  readonly key: string
  readonly dueAt: Date
  readonly generation: number
}

export interface Harness {
  /** Saves an item, as an application would: DynamoDB's change record goes through the engine. */
  put<T, Item, K>(entity: Entity<T, Item, K>, item: NoInfer<Item>): Promise<void>
  /**
   * Changes some attributes of a row; undefined removes one.
   *
   * @throws SpaceshipError `no-row` if there is none
   * @example
   * await ship.update(Client, 'acme', { plan: 'paid' })
   */
  update<T, Item, K>(
    entity: Entity<T, Item, K>,
    key: NoInfer<Item> | KeyValue<Item, K>,
    changes: { readonly [A in keyof Item]?: NoInfer<Item>[A] | undefined },
  ): Promise<void>
  /** Deletes by item or key. @param options `by: 'ttl'` for DynamoDB's time to live */
  remove<T, Item, K>(
    entity: Entity<T, Item, K>,
    key: NoInfer<Item> | KeyValue<Item, K>,
    options?: { readonly by?: 'user' | 'ttl' },
  ): Promise<void>
  /** Deletes a row as DynamoDB's time to live does. @throws SpaceshipError `no-row` if there is none */
  expire<T, Item, K>(entity: Entity<T, Item, K>, key: NoInfer<Item> | KeyValue<Item, K>): Promise<void>
  /** Publishes an event, as a service would. @param options `id`, to publish the same event twice */
  publish<Payload, Input, N extends string>(
    event: PublishedEvent<Payload, Input, N>,
    payload: NoInfer<Input>,
    options?: { readonly id?: string },
  ): Promise<void>
  /** Delivers bytes (or a value as JSON) as they are: for what should never arrive, and does. */
  deliver(data: Uint8Array | string | object): Promise<void>
  /** Lets time pass: retries, reminders, ticks and successors of crashed processes come in order. */
  advance(duration: Duration): Promise<void>
  /**
   * Ticks a route made with `every` now, or all of them; `advance` ticks them at the ends of their windows.
   *
   * @throws ConfigurationError for a route that is no schedule
   */
  tick(route?: string): Promise<void>
  /** Everything arrives again. @param options @default { as: 'redelivery' } */
  redeliver(options?: { readonly as?: Again }): Promise<void>
  /**
   * What is written inside arrives in another order, as DynamoDB's records may. The seed decides which; it stands in failure
   * messages, so that a failure can be repeated.
   *
   * @param options `seed` @default a random one
   * @example
   * await ship.shuffle(async () => {
   *   await ship.put(Client, acme)
   *   await ship.update(Client, 'acme', { plan: 'paid' })
   * })
   */
  shuffle(writes: () => Promise<void>, options?: { readonly seed?: number }): Promise<void>
  /**
   * The next time that the engine comes to this point the process dies there: nothing that it still does is written. Another
   * one, with reactors made anew, takes over from the last checkpoint once `failover` has passed.
   *
   * @example
   * ship.crash('effect')
   * await ship.put(Client, acme)
   * await ship.advance('1m') // the successor runs it again
   */
  crash(at: CrashPoint): void
  /** Brings back a dead letter, or its whole lane where that is parked, or all of them. */
  redrive(letter: DeadLetter | string | 'all'): Promise<void>
  /**
   * Checks what a route did; without counts, that it ran.
   *
   * @throws SpaceshipError `expectation` that shows what was expected, what arrived, and the trail in between
   * @example
   * ship.expect('greeter/greet', { key: 'acme', runs: 1, done: 1 })
   */
  expect(route: string, expected?: Expected): void
  /** What each route makes of a record, and why. @param record one of `records` @default the last one */
  explain(record?: StreamRecord): readonly Explanation[]
  /** What is on the way, and what it waits for. */
  readonly pending: readonly PendingTask[]
  readonly reminders: { pending(reminder: Pick<Reminder<unknown>, 'name'>): readonly PendingReminder[] }
  readonly deadLetters: readonly DeadLetter[]
  /** Everything that has arrived, in stream order. */
  readonly records: readonly StreamRecord[]
  /** What happened to each record, to be read. */
  readonly trail: string
  readonly now: Date
}
