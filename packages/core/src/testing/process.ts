/**
 * Owns one process of the virtual worker: reactors made anew, an engine, and a delivery of the one shard. It lives until it
 * crashes or is replaced; what it still does afterwards is refused.
 */

import { createEngine, type Delivery, type Engine, type EngineOptions, type StreamRecord } from '../engine.ts'
import { type Reactor, type Route, SpaceshipError } from '../index.ts'
import {
  type Clock,
  type DeadLetters,
  type EventSink,
  type ReferenceStore,
  type ReminderScheduler,
  type StateStore,
  silent,
} from '../ports/index.ts'
import { createReminders, type Reminders } from '../reminders/index.ts'
import {
  type CrashPoint,
  type Life,
  mortalEvents,
  mortalLetters,
  mortalScheduler,
  mortalState,
} from './crash.ts'

/** What the harness lends to the function that makes the reactors. */
export interface HarnessPorts {
  readonly reminders: Reminders
  readonly state: StateStore
  readonly references: ReferenceStore
  readonly clock: Clock
  /** The stream on which all that is written arrives, for what puts records itself. */
  readonly events: EventSink
}

export type Make = (ports: HarnessPorts) => Reactor | readonly Reactor[]

/** What outlives a process. */
export interface World extends Omit<EngineOptions, 'reactors' | 'deadLetters' | 'events' | 'clock'> {
  readonly make: Make
  readonly clock: Clock
  readonly references: ReferenceStore
  readonly scheduler: ReminderScheduler
  readonly letters: DeadLetters
  readonly sink: EventSink
}

export interface Process extends Life {
  readonly reactors: readonly Reactor[]
  readonly engine: Engine
  readonly delivery: Promise<Delivery>
  /** Handlers that run. */
  readonly running: ReadonlySet<object>
  push(records: readonly StreamRecord[]): Promise<void>
  /** Nothing of it happens any more. */
  kill(reason: string): void
}

export const SHARD = { stream: 'harness', shard: 'shardId-000000000000', redelivers: 'none' } as const

/** @param dies asked at each point whether the process is to die there */
export function startProcess(
  world: World,
  journal: string | undefined,
  dies: (point: CrashPoint) => boolean,
): Process {
  const { make, references, scheduler, letters, sink, ...options } = world
  const { application, clock } = options
  const running = new Set<object>()
  let alive = true
  const life: Life = {
    get alive() {
      return alive
    },
    reached: (point) => {
      if (alive && dies(point)) kill(`it crashed at '${point}'`)
    },
  }
  const state = mortalState(options.state, life, application)
  const reminders = createReminders({
    application,
    state,
    references,
    scheduler: mortalScheduler(scheduler, life),
    clock,
  })
  const events = mortalEvents(sink, life)
  const reactors = [make({ reminders, state, references, clock, events })].flat()
  const engine = createEngine({
    // A test's own output is not drowned in log lines.
    logger: silent,
    ...options,
    state,
    // What is no reactor is the engine's to refuse.
    reactors: reactors.map((reactor) => ({
      ...reactor,
      routes: reactor?.routes?.map((route) => watched(route, life, running)),
    })),
    deadLetters: mortalLetters(letters, life),
    events,
  })
  let open: Delivery | undefined
  const delivery = engine.open(SHARD, journal === undefined ? {} : { journal }).then((opened) => {
    open = opened
    return opened
  })

  function kill(reason: string): void {
    alive = false
    open?.revoke(new SpaceshipError('crashed', `the process is gone: ${reason}`))
  }

  return {
    get alive() {
      return alive
    },
    reached: life.reached,
    reactors,
    engine,
    delivery,
    running,
    push: async (records) => {
      const opened = await delivery
      if (alive) await opened.push(records)
    },
    kill,
  }
}

/** The route with a handler that is seen to run and to return. */
function watched(route: Route, life: Life, running: Set<object>): Route {
  const { handler } = route
  const { batching } = handler
  const run = watch(handler, life, running)
  const more =
    batching === undefined ? {} : { batching: { ...batching, handle: watch(batching.handle, life, running) } }
  return { ...route, handler: Object.assign(run, handler, more) }
}

/** What returns at once does so still: the engine has a way of its own for it. */
function watch<Args extends unknown[]>(
  handle: (...args: Args) => unknown,
  life: Life,
  running: Set<object>,
): (...args: Args) => unknown {
  return (...args) => {
    const run = {}
    running.add(run)
    let pending = false
    try {
      const returned = handle(...args)
      if (returned instanceof Promise) {
        pending = true
        return returned.then(
          (value) => {
            running.delete(run)
            life.reached('effect')
            return value
          },
          (error) => {
            running.delete(run)
            throw error
          },
        )
      }
      life.reached('effect')
      return returned
    } finally {
      if (!pending) running.delete(run)
    }
  }
}
