/**
 * Owns the harness: the real delivery engine with in-memory edges, on one virtual shard that one virtual worker reads, and a
 * clock that only `advance` moves. A write returns once nothing can go on without time passing.
 */

import {
  callableProblems,
  choiceProblems,
  durationProblems,
  functionProblems,
  optionsOf,
} from '../configuration.ts'
import type { EntitySpec, Row } from '../declare/event.ts'
import { milliseconds } from '../duration.ts'
import { createRedrive } from '../engine.ts'
import { refuse } from '../errors.ts'
import {
  memoryDeadLetters,
  memoryEvents,
  memoryReferences,
  memoryScheduler,
  memoryState,
  virtualClock,
} from '../memory/index.ts'
import { encodePublished, envelopeOf, type StreamRecord } from '../wire/index.ts'
import { CRASH_POINTS } from './crash.ts'
import { check } from './expect.ts'
import { pendingIn } from './pending.ts'
import type { Make } from './process.ts'
import { shuffled } from './shuffle.ts'
import { AGAIN, type Arrival, Stream } from './stream.ts'
import type { Harness, HarnessOptions } from './surface.ts'
import { createTables } from './tables.ts'
import { createTicks } from './ticks.ts'
import { createTrail } from './trail.ts'

/**
 * A reactor's test bench.
 *
 * | again         | models                                          | who must stay silent              |
 * |---------------|-------------------------------------------------|-----------------------------------|
 * | `redelivery`  | the same positions, the journal at hand         | every route                       |
 * | `duplicates`  | a producer's repeats, at new positions          | `claim`; `idempotent` overwrites  |
 * | `crash`       | the same positions after an unclean death       | `claim`; `idempotent` overwrites  |
 *
 * @param make makes the reactors; called again for each process that takes over
 * @throws ConfigurationError as the engine does
 * @example
 * const ship = harness(() => greeter)
 * await ship.put(Client, { id: 'acme', name: 'Acme', plan: 'trial', seats: 250 })
 * ship.expect('greeter/greet', { key: 'acme', runs: 1 })
 */
export function harness(make: Make, options: HarnessOptions = {}): Harness {
  const problems: string[] = []
  const {
    application = 'harness',
    start,
    failover = '10s',
    patience = 1_000,
    observe,
    ...rest
  } = optionsOf(options, problems)
  refuse('harness', [
    ...problems,
    ...(typeof make === 'function'
      ? []
      : ['give a function that makes the reactors: harness(() => greeter)']),
    ...(start === undefined || (start instanceof Date && !Number.isNaN(start.getTime()))
      ? []
      : ["'start' is not a date"]),
    ...durationProblems({ failover }, '10s'),
    ...callableProblems({ observe }, { observe: '' }),
    ...(typeof patience === 'number' && patience >= 0
      ? []
      : [`'patience' is ${patience}: give milliseconds, 0 or more`]),
  ])
  const clock = virtualClock(start)
  const scheduler = memoryScheduler()
  const letters = memoryDeadLetters()
  const tables = createTables(clock.now)
  const trail = createTrail(clock.now)
  const events = memoryEvents((record) => arrive([record]))
  /** What was written during `shuffle`. */
  let held: Arrival[] | undefined
  let published = 0
  const stream = new Stream({
    world: {
      random: () => 1,
      ...rest,
      application,
      make,
      clock,
      state: memoryState({ clock }),
      references: memoryReferences({ clock }),
      scheduler,
      letters,
      entities: tables,
      sink: events,
      observe: (step) => {
        trail.observe(step)
        observe?.(step)
      },
    },
    clock,
    failover: milliseconds(failover),
    patience,
    note: trail.note,
    appended: trail.arrived,
    steps: () => trail.steps,
  })
  const redrive = createRedrive({ application, deadLetters: letters, events, clock })
  const { routes, explain: why } = stream.process.engine
  const ticks = createTicks(routes, application, clock.now())
  const known = routes.flatMap(({ keys }) => keys)

  function arrive(arrivals: readonly Arrival[]): void {
    if (held === undefined) stream.append(arrivals)
    else held.push(...arrivals)
  }

  /** Until nothing can go on, reminders that are due already included. */
  async function settled(): Promise<void> {
    await stream.settled()
    for (const arrival of ticks.due(clock.now())) {
      arrive([arrival])
      await stream.settled()
    }
    for (let due = scheduler.due(clock.now()); due.length > 0; due = scheduler.due(clock.now())) {
      for (const { partitionKey, envelope } of due) {
        arrive([{ partitionKey, data: new TextEncoder().encode(envelope) }])
        await stream.settled()
      }
    }
  }

  async function write(arrival: Arrival | undefined): Promise<void> {
    if (arrival !== undefined) arrive([arrival])
    if (held === undefined) await settled()
  }

  return {
    // An Item is what the schema takes in: an object of attributes.
    put: async (entity, item) => write(tables.put(specOf(entity), optioned('put', item as Row, 'the item'))),
    update: async (entity, key, changes) => {
      const { spec, row } = addressed(entity, key)
      await write(tables.update(spec, row, optioned('update', changes as Row, 'what changes')))
    },
    remove: async (entity, key, options) => {
      const { by = 'user' } = optioned('remove', options)
      refuse('remove', choiceProblems("'by'", by, ['user', 'ttl']))
      const { spec, row } = addressed(entity, key)
      await write(tables.remove(spec, row, by))
    },
    expire: async (entity, key) => {
      const { spec, row } = addressed(entity, key)
      await write(tables.expire(spec, row))
    },
    publish: async (event, payload, options) => {
      const { id = `published-${++published}` } = optioned('publish', options)
      const about = { id, source: 'harness', time: new Date(clock.now()) }
      await write(await encodePublished(event, payload, about))
    },
    deliver: async (data) => {
      refuse(
        'deliver',
        data === undefined || typeof data === 'function' ? ['give bytes, or a value as JSON'] : [],
      )
      const text = typeof data === 'string' || data instanceof Uint8Array ? data : JSON.stringify(data)
      const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
      await write({ partitionKey: 'raw', data: bytes })
    },
    advance: async (duration) => {
      const target = clock.now() + milliseconds(duration)
      for (;;) {
        const moments = [clock.next, ticks.next, scheduler.waiting[0]?.dueAt.getTime()]
        const next = Math.min(...moments.map((moment) => moment ?? Number.POSITIVE_INFINITY))
        if (next > target) break
        await clock.moveTo(Math.max(next, clock.now()), settled)
      }
      await clock.moveTo(target, settled)
    },
    tick: async (route) => {
      const named = route === undefined ? ticks.routes : ticks.routes.filter((key) => key === route)
      refuse(
        `tick('${route ?? ''}')`,
        named.length > 0
          ? []
          : ticks.routes.length === 0
            ? ['no route is made with every: there is nothing to tick']
            : [`there is no such schedule: name one of ${ticks.routes.join(', ')}`],
      )
      arrive(named.map((key) => ticks.tick(key, clock.now())))
      await settled()
    },
    redeliver: async (options) => {
      const { as = 'redelivery' } = optioned('redeliver', options)
      refuse('redeliver', choiceProblems('as', as, AGAIN))
      if (as === 'duplicates') arrive([...stream.records])
      else stream.again(as)
      await settled()
    },
    shuffle: async (writes, options) => {
      const { seed = Math.floor(Math.random() * 2 ** 32) } = optioned('shuffle', options)
      refuse('shuffle', [
        ...functionProblems({ writes }),
        ...(typeof seed === 'number' ? [] : ["'seed' must be a number"]),
      ])
      refuse('shuffle', held === undefined ? [] : ['one shuffle within another: write everything in one'])
      held = []
      let arrivals: readonly Arrival[] = []
      try {
        await writes()
      } finally {
        arrivals = held
        held = undefined
      }
      trail.note(`what follows was shuffled with the seed ${seed}`)
      await write(undefined)
      arrive(shuffled(arrivals, seed))
      await settled()
    },
    crash: (at) => {
      refuse('crash', choiceProblems('the point', at ?? 'undefined', CRASH_POINTS))
      stream.crash(at)
    },
    redrive: async (letter) => {
      if (letter === 'all') await redrive.letters()
      else await redrive.letter(typeof letter === 'string' ? letter : letter?.id)
      await settled()
    },
    expect: (route, expected = {}) => {
      refuse(
        `expect('${route}')`,
        known.includes(route) ? [] : [`there is no such route: expected one of ${known.join(', ')}`],
      )
      check(route, optioned('expect', expected), trail.stories, (concerned) => {
        const armed = stream.armed.map(
          (point) => `-- the process was to crash at '${point}', which was not reached`,
        )
        const asked = (record: StreamRecord) => why(record).filter((each) => each.route === route)
        return [trail.tell(asked, concerned), ...armed].join('\n')
      })
    },
    explain: (record = stream.records.at(-1)) => (record === undefined ? [] : why(record)),
    get pending() {
      return pendingIn(trail.stories, stream)
    },
    reminders: {
      pending: (reminder) =>
        scheduler.waiting.flatMap(({ envelope, dueAt }) => {
          const named = envelopeOf(JSON.parse(envelope))
          return named?.kind === 'reminder' && named.reminder === reminder?.name
            ? [{ key: named.key, dueAt, generation: named.generation }]
            : []
        }),
    },
    get deadLetters() {
      return letters.letters
    },
    get records() {
      return stream.records
    },
    get trail() {
      return trail.tell(why)
    },
    get now() {
      return new Date(clock.now())
    },
  }
}

function optioned<T extends object>(subject: string, options: T | undefined, what?: string): T {
  const problems: string[] = []
  const given = optionsOf(options, problems, what)
  refuse(subject, problems)
  return given
}

function specOf(entity: { readonly spec: EntitySpec }): EntitySpec {
  refuse('harness', Array.isArray(entity?.spec?.key) ? [] : ['name the table first: give what entity() made'])
  return entity.spec
}

/** Which row is meant. */
function addressed(entity: { readonly spec: EntitySpec }, key: unknown) {
  const spec = specOf(entity)
  return { spec, row: keyRow(spec, key) }
}

function keyRow(entity: EntitySpec, key: unknown): Row {
  const [only] = entity.key
  // An object names its attributes itself: it is an item, or the key of a table with a sort key.
  const named = typeof key === 'object' && key !== null && !(key instanceof Uint8Array)
  return named ? (key as Row) : { [only ?? '']: key }
}
