/** What the engine's tests share: records as they come from a stream, an engine on memory adapters, an app of one entity. */

import * as z from 'zod'
import {
  createEngine,
  type Delivery,
  type EngineOptions,
  type Position,
  type StreamRecord,
} from '../src/engine.ts'
import { entity, marshal, type Reactor } from '../src/index.ts'
import {
  type MemoryDeadLetters,
  memoryDeadLetters,
  memoryState,
  type VirtualClock,
  virtualClock,
} from '../src/memory/index.ts'
import type { Logger, OutgoingRecord, StateStore } from '../src/ports/index.ts'
import { parkedLaneKey } from '../src/state/index.ts'

export const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), n: z.number().default(0) }),
})
export const saved = Client.saved('client.saved')

export const worker = { stream: 's', shard: 'shardId-0', redelivers: 'none' } as const
export const lambda = { stream: 's', shard: 'shardId-0', redelivers: 'suffix' } as const

/** A record that holds this JSON, text or these bytes. */
export function record(sequence: number, content: unknown): StreamRecord {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  const data = content instanceof Uint8Array ? content : new TextEncoder().encode(text)
  return { sequence: String(sequence), subSequence: 0, partitionKey: 'p', data, arrivedAt: new Date(0) }
}

/** DynamoDB's record of an insert into `clients`. */
export function inserted(sequence: number, id: string, more: Readonly<Record<string, unknown>> = {}) {
  return record(sequence, {
    eventName: 'INSERT',
    tableName: 'clients',
    dynamodb: {
      ApproximateCreationDateTime: 1_796_000_000_000_000 + sequence,
      Keys: marshal({ id }),
      NewImage: marshal({ id, n: sequence, ...more }),
    },
  })
}

/** Lets everything run that needs no time to pass. */
export const idle = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Lets run what can, then time pass. */
export async function pass(clock: VirtualClock, ms: number): Promise<void> {
  await idle()
  await clock.moveTo(clock.now() + ms, idle)
}

/** Settles a delivery while time passes in steps. @returns what is unfinished */
export async function settled(
  delivery: Delivery,
  clock: VirtualClock,
  within: number,
): Promise<readonly Position[]> {
  let unfinished: readonly Position[] | undefined
  void delivery.settle(new Date(clock.now() + within)).then((positions) => {
    unfinished = positions
  })
  while (unfinished === undefined) await pass(clock, 250)
  return unfinished
}

type Given = Partial<Omit<EngineOptions, 'clock' | 'deadLetters'>> & {
  readonly clock?: VirtualClock
  readonly deadLetters?: MemoryDeadLetters
}

export function engineOf(reactors: Reactor | readonly Reactor[], options: Given = {}) {
  const clock = options.clock ?? virtualClock()
  const deadLetters = options.deadLetters ?? memoryDeadLetters()
  const logged: { level: string; message: string; fields: unknown }[] = []
  const note = (level: string) => (message: string, fields?: unknown) =>
    void logged.push({ level, message, fields })
  const logger: Logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  }
  const state = options.state ?? memoryState({ clock })
  const list: readonly Reactor[] = [reactors].flat()
  const engine = createEngine({
    application: 'app',
    deadLetters,
    random: () => 1,
    logger,
    ...options,
    reactors: list,
    state,
    clock,
  })
  return {
    engine,
    clock,
    state,
    deadLetters,
    logged,
    /** Moves the clock, and lets run what wakes. */
    pass: (ms: number) => pass(clock, ms),
  }
}

/** Owners of one shard, one after the other, on one store and one clock. */
export function fleet(make: () => Reactor, given: { readonly state?: StateStore } = {}) {
  const clock = virtualClock()
  const state = given.state ?? memoryState({ clock })
  const deadLetters = memoryDeadLetters()
  return {
    clock,
    state,
    deadLetters,
    owner: () => engineOf(make(), { clock, state, deadLetters }),
  }
}

/** What the state store holds of the parked lane of a client, on the route `r/post`. */
export function parkedLane(state: Pick<StateStore, 'get'>, id: string) {
  return state.get(parkedLaneKey('app', 'r/post', `clients/${id}`))
}

/** What was put on the stream, as it comes from it. */
export function arrived(sequence: number, outgoing: OutgoingRecord | undefined): StreamRecord {
  if (outgoing === undefined) throw new Error('nothing was put on the stream')
  return { ...record(sequence, ''), ...outgoing }
}
