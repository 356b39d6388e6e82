/**
 * Owns a world in which one reminder is scheduled, moved, cancelled and sent, with every request to a port held until chance lets it
 * through: what runs at the same time meets in every order. Processes die, answers are lost, events and envelopes come twice, late and
 * in disorder, caches forget, the scheduler is changed. `judge.ts` says what may come of it.
 */

import * as z from 'zod'
import type { EventMeta } from '../../src/index.ts'
import { entity, reminder } from '../../src/index.ts'
import { memoryEntities, memoryReferences, memoryScheduler, memoryState } from '../../src/memory/index.ts'
import {
  type Clock,
  type EntityReader,
  type EventSink,
  type ReminderScheduler,
  type StateStore,
  silent,
} from '../../src/ports/index.ts'
import { markHandled, resolveReminder } from '../../src/reminders/firing.ts'
import { createReminders, type Reminders } from '../../src/reminders/index.ts'
import { chanceOf } from '../../src/testing/chance.ts'
import { envelopeOf, type ReminderEnvelope } from '../../src/wire/index.ts'
import { parse } from '../../src/wire/json.ts'

export const MINUTE = 60_000
const START = Date.UTC(2026, 0, 1)
const EACH = 5 * MINUTE
/** Longer than all that happens. */
const RETENTION = 3 * 60 * MINUTE
const SIGNAL = new AbortController().signal

export const Row = entity('row', {
  table: 'rows',
  key: 'id',
  schema: z.object({ id: z.string(), started: z.boolean() }),
})

export const nag = reminder('nag', { payload: z.object({ of: z.number() }), key: () => 'a' }).unless(
  Row,
  () => 'a',
  (row) => row.started,
)

/** What the application does, in the order in which it does it. */
export interface Fact {
  readonly what: 'schedule' | 'cancel' | 'move' | 'command-cancel' | 'start'
  /** The place of the fact among all, from 1: its version. */
  readonly version: number
  readonly at: number
  readonly dueAt: number
  /** When a handler (or the command) had done all about it for the first time. */
  doneAt?: number
  /** What the first one said that came to an end. */
  result?: string
  generation?: number
}

export interface Sent {
  /** The version of the schedule. */
  readonly of: number
  readonly generation: number
  readonly dueAt: number
  /** When its record was taken, and when the handler had it: steps of the world. */
  readonly taken: number
  readonly step: number
  readonly at: number
  /** The process died between the send and its record. */
  crashed: boolean
}

/** Ports, as a fault would have them. */
export interface Fault {
  readonly state?: (store: StateStore, clock: Clock) => StateStore
  readonly scheduler?: (scheduler: ReminderScheduler) => ReminderScheduler
  readonly entities?: (reader: EntityReader) => EntityReader
  readonly event?: (event: EventMeta, clock: Clock) => EventMeta
  readonly envelope?: (envelope: ReminderEnvelope, state: StateStore) => Promise<ReminderEnvelope>
  /** Nobody looks for what was lost. */
  readonly blind?: boolean
}

class Dead extends Error {}

interface Turn {
  readonly process: number
  go(): void
  die(): void
}

type Random = (below: number) => number

export class World {
  readonly facts: Fact[] = []
  readonly sent: Sent[] = []
  /** Whether records are lost, and a sweeper finds them. */
  readonly loses: boolean
  step = 0
  readonly #whats: readonly Fact['what'][]
  readonly #random: Random
  readonly #fault: Fault
  #now = START
  #process = 0
  #turns: Turn[] = []
  #running = 0
  /** To be handled: a process that dies leaves its own here. */
  #toHandle: Fact[] = []
  #envelopes: ReminderEnvelope[] = []
  #isFiring = false
  #isSweeping = false
  #swept = START
  #stage = 0
  readonly #clock: Clock = { now: () => this.#now, monotonic: () => this.#now, sleep: async () => {} }
  readonly #entities = memoryEntities()
  readonly #state: StateStore
  #references = memoryReferences({ clock: this.#clock })
  readonly #schedulers: readonly [Keeping, Keeping]
  readonly #failures: unknown[] = []

  constructor(seed: number, fault: Fault = {}) {
    this.#random = chanceOf(seed).below
    this.#fault = fault
    this.loses = this.#chance(50)
    this.#whats = [
      ...(['schedule', 'schedule', 'schedule', 'move', 'move', 'cancel'] as const),
      ...(this.#chance(30) ? (['command-cancel'] as const) : []),
      ...(this.#chance(30) ? (['start'] as const) : []),
    ]
    const store = memoryState({ clock: this.#clock })
    this.#state = fault.state?.(store, this.#clock) ?? store
    this.#schedulers = [keeping('one', true, fault), keeping('two', false, fault)]
    this.#entities.put('rows', { id: 'a' }, { id: 'a', started: false })
  }

  get now(): number {
    return this.#now
  }

  /** Whatever no port may cause. */
  get failures(): readonly unknown[] {
    return this.#failures
  }

  /** Lives through so many random steps, then comes to rest without any further harm. */
  async live(steps: number): Promise<void> {
    for (let n = 0; n < steps; n += 1) {
      this.step += 1
      await this.#oneStep()
    }
    // What was sent anew is looked for again after 5, 10, 20 and 40 minutes.
    for (const minutes of [0, 20, 5, 10, 10, 20, 40, 60]) {
      this.#now += minutes * MINUTE
      await this.#rest()
    }
  }

  async #oneStep(): Promise<void> {
    const dice = this.#random(100)
    if (this.#turns.length > 0 && dice < 60) return this.#letThrough()
    if (dice < 70) return this.#happen()
    if (dice < 80) return this.#handleSome()
    if (dice < 84) return this.#handle(this.#pick(this.facts.filter(isHandled)))
    if (dice < 90) {
      this.#now += this.#random(2) === 0 ? this.#random(1_000) : this.#random(6 * MINUTE)
      return
    }
    if (dice < 95) {
      // Much happens while somebody is being reminded.
      if (this.#fire(true) && this.#chance(40)) this.#happen(this.#pick(['cancel', 'move', 'schedule']))
      return
    }
    if (dice < 96) return this.#crash()
    if (dice < 97) {
      this.#references = memoryReferences({ clock: this.#clock })
      return
    }
    if (dice < 98) {
      this.#stage = (this.#stage + 1) % 4
      return
    }
    this.#sweep()
  }

  /** All that is on its way arrives. */
  async #rest(): Promise<void> {
    for (let n = 0; n < 1_000; n += 1) {
      await idle()
      if (this.#turns.length > 0) await this.#letThrough()
      else if (this.#toHandle.length > 0) this.#handleSome()
      else if (this.#fire(false)) continue
      else if (this.#sweep()) continue
      else if (this.#running === 0) return
    }
    this.#failures.push(new Error('it does not come to rest'))
  }

  #chance(percent: number): boolean {
    return this.#random(100) < percent
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[this.#random(Math.max(1, list.length))]
  }

  async #letThrough(): Promise<void> {
    const [turn] = this.#turns.splice(this.#random(this.#turns.length), 1)
    turn?.go()
    await idle()
  }

  /** The application does something: the last word counts. */
  #happen(asked?: Fact['what']): void {
    const what = asked ?? this.#pick(this.#whats)
    if (this.facts.length >= 6 || what === undefined) return
    this.#now += 1
    const dueAt = this.#now + this.#random(20) * MINUTE
    const fact: Fact = { what, version: this.facts.length + 1, at: this.#now, dueAt }
    this.facts.push(fact)
    if (what === 'start') {
      this.#entities.put('rows', { id: 'a' }, { id: 'a', started: true })
      fact.doneAt = this.step
    } else if (asked === undefined) this.#toHandle.push(fact)
    else this.#handle(fact)
  }

  #handleSome(): void {
    // In any order: routes have lanes of their own.
    const [fact] = this.#toHandle.splice(this.#random(Math.max(1, this.#toHandle.length)), 1)
    this.#handle(fact)
  }

  #handle(fact: Fact | undefined): void {
    if (fact === undefined || fact.what === 'start') return
    // A command is given once, by somebody who waits for its answer.
    if (fact.what === 'command-cancel' && fact.doneAt !== undefined) return
    this.#run(
      async (reminders) => {
        const event = this.#fault.event?.(eventOf(fact), this.#clock) ?? eventOf(fact)
        const calls = reminders.of(nag, fact.what === 'command-cancel' ? undefined : event)
        const due = { in: fact.dueAt - fact.at }
        const outcome =
          fact.what === 'schedule'
            ? await calls.schedule({ of: fact.version }, due)
            : fact.what === 'move'
              ? await calls.reschedule('a', due)
              : await calls.cancel('a')
        if (fact.doneAt !== undefined) return
        fact.doneAt = this.step
        fact.result = outcome.result
        fact.generation = outcome.generation
      },
      () => void this.#toHandle.push(fact),
    )
  }

  /** @returns whether there was something to fire */
  #fire(harm: boolean): boolean {
    for (const scheduler of this.#schedulers)
      for (const envelope of scheduler.due(this.#now)) {
        if (harm && this.loses && this.#chance(25)) continue
        this.#envelopes.push(envelope)
        if (harm && this.#chance(20)) this.#envelopes.push(envelope)
      }
    // One lane: one record after the other.
    if (this.#isFiring) return false
    const [envelope] = this.#envelopes.splice(0, 1)
    if (envelope === undefined) return false
    this.#isFiring = true
    const taken = this.step
    let sent: Sent | undefined
    this.#run(
      async (_, world, isAlive) => {
        const named = (await this.#fault.envelope?.(envelope, this.#state)) ?? envelope
        const settings = {
          application: 'app',
          state: world.state,
          entities: world.entities,
          clock: this.#clock,
          logger: { ...silent, isOn: () => false } as never,
          retention: RETENTION,
        }
        const origin = { stream: 's', shard: '0', position: '1' }
        const found = await resolveReminder(
          { envelope: named, want: { name: 'nag', spec: nag.spec }, origin },
          settings,
        )
        if (found.kind === 'event') {
          await world.turn()
          if (!isAlive()) throw new Dead()
          // What the schema made of what was scheduled.
          const { of } = found.event.payload as { readonly of: number }
          const { generation } = envelope
          sent = {
            ...{ of, generation, dueAt: found.event.dueAt.getTime() },
            ...{ taken, step: this.step, at: this.#now, crashed: false },
          }
          this.sent.push(sent)
        }
        await markHandled(named, settings)
      },
      () => {
        if (sent !== undefined) sent.crashed = true
        this.#envelopes.unshift(envelope)
      },
      () => {
        this.#isFiring = false
      },
    )
    return true
  }

  /** @returns whether it was time to */
  #sweep(): boolean {
    const to = Math.floor(this.#now / EACH) * EACH
    if (this.#fault.blind || !this.loses || this.#isSweeping || to <= this.#swept) return false
    this.#isSweeping = true
    this.#run(
      async (reminders, { sink }) => {
        const { routes } = reminders.sweeper({ events: sink, each: EACH })
        const tick = { from: new Date(to - EACH), to: new Date(to) }
        // Of a tick and of a context the handler reads no more than this.
        for (const { handler } of routes)
          await handler(tick as never, { signal: SIGNAL, log: silent } as never)
        this.#swept = to
      },
      () => {},
      () => {
        this.#isSweeping = false
      },
    )
    return true
  }

  /** The process dies with all that runs in it. */
  #crash(): void {
    this.#process += 1
    const turns = this.#turns
    this.#turns = []
    for (const turn of turns) turn.die()
  }

  #run(
    task: (reminders: Reminders, ports: Ports, isAlive: () => boolean) => Promise<void>,
    failed: () => void,
    ended: () => void = () => {},
  ): void {
    const process = this.#process
    const ports = this.#portsOf(process)
    const [one, two] = this.#schedulers
    const common = {
      application: 'app',
      state: ports.state,
      references: ports.references,
      clock: this.#clock,
      retention: RETENTION,
    }
    const schedulers = [
      { scheduler: ports.slow(one) },
      { schedulers: { from: ports.slow(one), to: ports.slow(two) } },
      { scheduler: ports.slow(two) },
      { schedulers: { from: ports.slow(two), to: ports.slow(one) } },
    ][this.#stage]
    this.#running += 1
    task(createReminders({ ...common, ...schedulers } as never), ports, () => process === this.#process)
      .catch((error: unknown) => {
        failed()
        if (!(error instanceof Dead)) this.#failures.push(error)
      })
      .finally(() => {
        this.#running -= 1
        ended()
      })
  }

  #portsOf(process: number): Ports {
    const turn = () =>
      new Promise<void>((resolve, reject) => {
        const die = () => reject(new Dead())
        if (process !== this.#process) die()
        else this.#turns.push({ process, go: resolve, die })
      })
    const slowly =
      <Args extends unknown[], T>(ask: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        await turn()
        const answer = await ask(...args)
        // The answer is on its way when the process dies.
        await turn()
        return answer
      }
    const { get, set, delete: remove, list } = this.#state
    const entities = this.#fault.entities?.(this.#entities) ?? this.#entities
    const references = this.#references
    return {
      turn,
      state: {
        get: slowly(get),
        set: slowly(set),
        delete: slowly(remove),
        ...(list && { list: quietly(list) }),
      },
      references: {
        add: references.add,
        get: slowly(references.get),
        set: slowly(references.set),
        delete: references.delete,
      },
      entities: { read: slowly(entities.read) },
      sink: {
        put: slowly(async (records) => {
          for (const { data } of records) this.#envelopes.push(reminderIn(Buffer.from(data)))
        }),
      },
      slow: (scheduler) => ({ ...scheduler, start: slowly(scheduler.start), stop: slowly(scheduler.stop) }),
    }
  }
}

interface Ports {
  readonly turn: () => Promise<void>
  readonly state: StateStore
  readonly references: ReturnType<typeof memoryReferences>
  readonly entities: EntityReader
  readonly sink: EventSink
  slow(scheduler: ReminderScheduler): ReminderScheduler
}

/** Listing is many requests, which change nothing. */
function quietly<Args extends unknown[], T>(
  ask: (...args: Args) => Promise<T>,
): (...args: Args) => Promise<T> {
  return (...args) => ask(...args)
}

type Keeping = ReminderScheduler & { due(now: number): ReminderEnvelope[] }

/** @param keeps whether a name that has ended is never started again, as on Step Functions */
function keeping(name: string, keeps: boolean, fault: Fault): Keeping {
  const memory = memoryScheduler()
  const ended = new Set<string>()
  const scheduler: ReminderScheduler = {
    capabilities: { ...memory.capabilities, name },
    start: async (execution) => {
      const waits = (await memory.find?.(execution.name)) === 'waiting'
      if (!waits && keeps && ended.has(execution.name)) return execution.name
      ended.add(execution.name)
      return memory.start(execution)
    },
    stop: async (reference) => memory.stop(reference),
  }
  return {
    ...(fault.scheduler?.(scheduler) ?? scheduler),
    due: (now) => memory.due(now).map(({ envelope }) => reminderIn(Buffer.from(envelope))),
  }
}

function reminderIn(bytes: Buffer): ReminderEnvelope {
  // Nothing else is put here.
  return envelopeOf(parse(bytes) as Readonly<Record<string, unknown>>) as ReminderEnvelope
}

function eventOf({ version, at }: Fact): EventMeta {
  return {
    ...{ name: 'fact', id: String(version), at: new Date(at), version: { min: at * 1_000, max: at * 1_000 } },
    ...{ key: 'a', source: { stream: 's', shard: '0', position: '1' }, by: 'user' },
  }
}

const isHandled = ({ what, doneAt }: Fact) => what !== 'start' && doneAt !== undefined

const idle = () => new Promise<void>((resolve) => setImmediate(resolve))
