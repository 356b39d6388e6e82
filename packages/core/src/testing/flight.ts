/**
 * Owns the world in which reactors fly: in-memory edges, one virtual shard, the clock, and what is written to them. A write returns once
 * nothing can go on without time passing.
 */

import { milliseconds } from '../adapter.ts'
import {
  createRedrive,
  type EngineRoute,
  type Explanation,
  type Redrive,
  type StreamRecord,
} from '../engine.ts'
import {
  type MemoryDeadLetters,
  type MemoryScheduler,
  memoryDeadLetters,
  memoryEvents,
  memoryReferences,
  memoryScheduler,
  memoryState,
  type VirtualClock,
  virtualClock,
} from '../memory/index.ts'
import { remembering } from './names.ts'
import type { Make } from './process.ts'
import { type Arrival, Stream } from './stream.ts'
import type { HarnessOptions } from './surface.ts'
import { createTables, type Tables } from './tables.ts'
import { createTicks, type Ticks } from './ticks.ts'
import { createTrail, type Trail } from './trail.ts'

export class Flight {
  readonly clock: VirtualClock
  readonly scheduler: MemoryScheduler = memoryScheduler()
  /** Of pending reminders' keys, by the names of their executions. */
  readonly names: Map<string, string> = new Map()
  readonly letters: MemoryDeadLetters = memoryDeadLetters()
  readonly tables: Tables
  readonly trail: Trail
  readonly stream: Stream
  readonly redrive: Redrive
  readonly ticks: Ticks
  readonly routes: readonly EngineRoute[]
  readonly explain: (record: StreamRecord) => readonly Explanation[]
  /** What is written while writes are held back. */
  #held: Arrival[] | undefined

  constructor(make: Make, options: HarnessOptions) {
    const { application = 'harness', start, failover = '10s', patience = 1_000, observe, ...rest } = options
    const clock = virtualClock(start)
    const events = memoryEvents((record) => this.arrive([record]))
    this.clock = clock
    this.tables = createTables(clock.now)
    this.trail = createTrail(clock.now)
    this.stream = new Stream({
      world: {
        random: () => 1,
        ...rest,
        application,
        make,
        clock,
        state: remembering(memoryState({ clock }), this.names),
        references: memoryReferences({ clock }),
        scheduler: this.scheduler,
        letters: this.letters,
        entities: this.tables,
        sink: events,
        observe: (step, record) => {
          this.trail.observe(step)
          observe?.(step, record)
        },
      },
      clock,
      failover: milliseconds(failover),
      patience,
      note: this.trail.note,
      appended: this.trail.arrived,
      steps: () => this.trail.steps,
    })
    this.redrive = createRedrive({ application, deadLetters: this.letters, events, clock })
    const { routes, explain } = this.stream.process.engine
    this.routes = routes
    this.explain = explain
    this.ticks = createTicks(routes, application, clock.now())
  }

  /** Whether writes are held back. */
  get isHolding(): boolean {
    return this.#held !== undefined
  }

  arrive(arrivals: readonly Arrival[]): void {
    if (this.#held === undefined) this.stream.append(arrivals)
    else this.#held.push(...arrivals)
  }

  /** Until nothing can go on, reminders that are due already included. */
  async settled(): Promise<void> {
    const { stream, ticks, scheduler, clock } = this
    await stream.settled()
    for (const arrival of ticks.due(clock.now())) {
      this.arrive([arrival])
      await stream.settled()
    }
    for (let due = scheduler.due(clock.now()); due.length > 0; due = scheduler.due(clock.now())) {
      for (const { partitionKey, envelope } of due) {
        this.arrive([{ partitionKey, data: new TextEncoder().encode(envelope) }])
        await stream.settled()
      }
    }
  }

  async write(arrival: Arrival | undefined): Promise<void> {
    if (arrival !== undefined) this.arrive([arrival])
    if (!this.isHolding) await this.settled()
  }

  /** Holds back what is written meanwhile. @returns it */
  async held(writes: () => unknown): Promise<readonly Arrival[]> {
    const arrivals: Arrival[] = []
    this.#held = arrivals
    try {
      await writes()
    } finally {
      this.#held = undefined
    }
    return arrivals
  }
}
