/**
 * Owns the harness: the real delivery engine with in-memory edges and a clock that only `advance` moves. A write returns
 * once nothing can go on without time passing.
 */

import { createEngine, type Delivery, type EngineOptions } from '../delivery/index.ts'
import { completeJournal } from '../delivery/journal.ts'
import type { Entity, KeyValue } from '../domain/entity.ts'
import type { EntitySpec, Row } from '../domain/event.ts'
import type { PublishedEvent } from '../domain/published.ts'
import type { Reactor } from '../domain/reactor.ts'
import type { Reminder } from '../domain/reminder.ts'
import { type Duration, milliseconds } from '../duration.ts'
import {
  memoryDeadLetters,
  memoryEvents,
  memoryReferences,
  memoryScheduler,
  memoryState,
  virtualClock,
} from '../memory/index.ts'
import type { Clock, DeadLetter, ReferenceStore, StateStore } from '../ports/index.ts'
import { createReminders, type Reminders } from '../reminders/index.ts'
import { encodePublished, envelopeOf, type StreamRecord } from '../wire/index.ts'
import { createTables } from './tables.ts'

/** What the harness lends to the function that makes the reactors. */
export interface HarnessPorts {
  readonly reminders: Reminders
  readonly state: StateStore
  readonly references: ReferenceStore
  readonly clock: Clock
}

export interface HarnessOptions
  extends Pick<EngineOptions, 'concurrency' | 'logger' | 'maxAhead' | 'random'> {
  /** @default 'harness' */
  readonly application?: string
  /** Where the clock starts. @default 2026-01-01T00:00:00Z */
  readonly start?: Date
}

/**
 * How everything arrives again.
 *
 * | as            | models                                          | who must stay silent              |
 * |---------------|-------------------------------------------------|-----------------------------------|
 * | `redelivery`  | the same positions, the journal at hand         | every route                       |
 * | `duplicates`  | a producer's repeats, at new positions          | `claim`; `idempotent` overwrites  |
 * | `crash`       | the same positions after an unclean death       | `claim`; `idempotent` overwrites  |
 */
export type Again = 'redelivery' | 'duplicates' | 'crash'

export interface PendingReminder {
  readonly key: string
  readonly dueAt: Date
  readonly generation: number
}

export interface Harness {
  /** Saves an item, as an application would: DynamoDB's change record goes through the engine. */
  put<T, Item, K>(entity: Entity<T, Item, K>, item: NoInfer<Item>): Promise<void>
  /** Deletes by item or key. @param options `by: 'ttl'` for DynamoDB's time to live */
  remove<T, Item, K>(
    entity: Entity<T, Item, K>,
    key: NoInfer<Item> | KeyValue<Item, K>,
    options?: { readonly by?: 'user' | 'ttl' },
  ): Promise<void>
  /** Publishes an event, as a service would. @param options `id`, to publish the same event twice */
  publish<Payload, Input, N extends string>(
    event: PublishedEvent<Payload, Input, N>,
    payload: NoInfer<Input>,
    options?: { readonly id?: string },
  ): Promise<void>
  /** Delivers bytes (or a value as JSON) as they are: for what should never arrive, and does. */
  deliver(data: Uint8Array | string | object): Promise<void>
  /** Lets time pass: retries and reminders that come due run in order. */
  advance(duration: Duration): Promise<void>
  /** Everything arrives again. @param options @default { as: 'redelivery' } */
  redeliver(options?: { readonly as?: Again }): Promise<void>
  readonly reminders: { pending(reminder: Pick<Reminder<unknown>, 'name'>): readonly PendingReminder[] }
  readonly deadLetters: readonly DeadLetter[]
  readonly now: Date
}

/**
 * A reactor's test bench.
 *
 * @throws ConfigurationError as the engine does
 * @example
 * const ship = harness(() => greeter)
 * await ship.put(Client, { id: 'acme', name: 'Acme', plan: 'trial', seats: 250 })
 */
export function harness(
  make: (ports: HarnessPorts) => Reactor | readonly Reactor[],
  options: HarnessOptions = {},
): Harness {
  const { application = 'harness', start, ...rest } = options
  const clock = virtualClock(start)
  const state = memoryState({ clock })
  const references = memoryReferences({ clock })
  const scheduler = memoryScheduler()
  const letters = memoryDeadLetters()
  const tables = createTables(clock.now)
  const reminders = createReminders({ application, state, references, scheduler, clock })
  const made = make({ reminders, state, references, clock })
  const reactors = Array.isArray(made) ? made : [made]
  const events = memoryEvents((record) => void arrive(record.partitionKey, record.data))
  const engine = createEngine({
    random: () => 1,
    ...rest,
    application,
    reactors,
    state,
    deadLetters: letters,
    entities: tables,
    events,
    clock,
  })
  const routes = reactors.flatMap((reactor: Reactor) =>
    reactor.routes.map((route) => `${reactor.name}/${route.id}`),
  )
  const past: StreamRecord[] = []
  let delivery = openDelivery()
  let published = 0

  function openDelivery(journal?: string): Promise<Delivery> {
    return engine.open(
      { stream: 'harness', shard: 'shardId-000000000000', redelivers: 'none' },
      journal === undefined ? {} : { journal },
    )
  }

  async function arrive(partitionKey: string, data: Uint8Array): Promise<void> {
    const record = {
      sequence: String(past.length + 1),
      subSequence: 0,
      partitionKey,
      data,
      arrivedAt: new Date(clock.now()),
    }
    past.push(record)
    await (await delivery).push([record])
  }

  async function settled(): Promise<void> {
    // Twice: what a handler publishes arrives after the handler has ended.
    for (let round = 0; round < 2; round += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      await (await delivery).quiet()
    }
  }

  async function write(
    change: { readonly partitionKey: string; readonly data: Uint8Array } | undefined,
  ): Promise<void> {
    if (change !== undefined) await arrive(change.partitionKey, change.data)
    await settled()
  }

  return {
    // An Item is what the schema takes in: an object of attributes.
    put: async (entity, item) => write(tables.put(entity.spec, item as Row)),
    remove: async (entity, key, { by = 'user' } = {}) =>
      write(tables.remove(entity.spec, keyRow(entity.spec, key), by)),
    publish: async (event, payload, { id = `published-${++published}` } = {}) => {
      await write(
        await encodePublished(event, payload, { id, source: 'harness', time: new Date(clock.now()) }),
      )
    },
    deliver: async (data) => {
      const text = typeof data === 'string' || data instanceof Uint8Array ? data : JSON.stringify(data)
      await write({
        partitionKey: 'raw',
        data: typeof text === 'string' ? new TextEncoder().encode(text) : text,
      })
    },
    advance: async (duration) => {
      const target = clock.now() + milliseconds(duration)
      for (
        let next = scheduler.waiting[0];
        next !== undefined && next.dueAt.getTime() <= target;
        next = scheduler.waiting[0]
      ) {
        await clock.moveTo(Math.max(clock.now(), next.dueAt.getTime()), settled)
        for (const { partitionKey, envelope } of scheduler.due(clock.now())) {
          await arrive(partitionKey, new TextEncoder().encode(envelope))
          await settled()
        }
      }
      await clock.moveTo(target, settled)
    },
    redeliver: async ({ as = 'redelivery' } = {}) => {
      if (as === 'duplicates') {
        for (const { partitionKey, data } of [...past]) await arrive(partitionKey, data)
        return settled()
      }
      const ended = await delivery
      const { journal, watermark } = ended
      ended.revoke(new Error('the harness delivers everything again'))
      const complete = watermark === undefined ? undefined : completeJournal(watermark, routes)
      delivery = openDelivery(as === 'crash' ? undefined : (journal ?? complete))
      await (await delivery).push(past)
      await settled()
    },
    reminders: {
      pending: ({ name }) =>
        scheduler.waiting.flatMap(({ envelope, dueAt }) => {
          const named = envelopeOf(JSON.parse(envelope))
          return named?.kind === 'reminder' && named.reminder === name
            ? [{ key: named.key, dueAt, generation: named.generation }]
            : []
        }),
    },
    get deadLetters() {
      return letters.letters
    },
    get now() {
      return new Date(clock.now())
    },
  }
}

function keyRow(entity: EntitySpec, key: unknown): Row {
  const [only] = entity.key
  // An object names its attributes itself: it is an item, or the key of a table with a sort key.
  return typeof key === 'object' && key !== null ? (key as Row) : { [only ?? '']: key }
}
