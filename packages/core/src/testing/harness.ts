/**
 * Owns the harness: the real delivery engine with in-memory edges, on one virtual shard that one virtual worker reads, and a
 * clock that only `advance` moves. A write returns once nothing can go on without time passing.
 */

import { called, check, milliseconds, refuse } from '../adapter.ts'
import { read, type StreamRecord } from '../engine.ts'
import { encodePublished } from '../index.ts'
import { check as checkClaims } from './expect.ts'
import { Flight } from './flight.ts'
import { pendingIn } from './pending.ts'
import type { Make } from './process.ts'
import { HARNESS, METHODS } from './shapes.ts'
import { shuffled } from './shuffle.ts'
import type { Harness, HarnessOptions } from './surface.ts'
import type { EntitySpec, Row } from './tables.ts'

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
  check('harness', HARNESS, { make, options })
  const flight = new Flight(make, options)
  const answers = answersOf(flight)
  // Some of the answers are getters, which a spread would ask at once.
  return Object.defineProperties(
    { ...writesOf(flight), ...timeOf(flight), ...faultsOf(flight) },
    Object.getOwnPropertyDescriptors(answers),
  ) as Harness // of the four parts, the compiler knows three
}

type Part<Names extends keyof Harness> = Pick<Harness, Names>

/** What is written: rows, facts, bytes. */
function writesOf(flight: Flight): Part<'put' | 'update' | 'remove' | 'expire' | 'publish' | 'deliver'> {
  const { clock, tables } = flight
  let published = 0
  return {
    put: async (entity, item) => {
      check('put', METHODS.put, { entity, item })
      // An Item is an object of attributes, as are what changes of it and a key of two of them.
      await flight.write(tables.put(entity.spec, item as Row))
    },
    update: async (entity, key, changes) => {
      check('update', METHODS.update, { entity, key, changes })
      await flight.write(tables.update(entity.spec, keyRow(entity.spec, key), changes as Row))
    },
    remove: async (entity, key, options) => {
      check('remove', METHODS.remove, { entity, key, options })
      await flight.write(tables.remove(entity.spec, keyRow(entity.spec, key), options?.by ?? 'user'))
    },
    expire: async (entity, key) => {
      check('expire', METHODS.expire, { entity, key })
      await flight.write(tables.expire(entity.spec, keyRow(entity.spec, key)))
    },
    publish: async (event, payload, options) => {
      check('publish', METHODS.publish, { event, payload, options })
      const id = options?.id ?? `published-${++published}`
      const about = { id, source: 'harness', time: new Date(clock.now()) }
      await flight.write(await encodePublished(event, payload, about))
    },
    deliver: async (data) => {
      check('deliver', METHODS.deliver, { data })
      const text = typeof data === 'string' || data instanceof Uint8Array ? data : JSON.stringify(data)
      const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
      await flight.write({ partitionKey: 'raw', data: bytes })
    },
  }
}

/** How time passes. */
function timeOf(flight: Flight): Part<'advance' | 'tick'> {
  const { clock, scheduler, ticks } = flight
  return {
    advance: async (duration) => {
      const target = clock.now() + milliseconds(duration)
      for (;;) {
        const moments = [clock.next, ticks.next, scheduler.waiting[0]?.dueAt.getTime()]
        const next = Math.min(...moments.map((moment) => moment ?? Number.POSITIVE_INFINITY))
        if (next > target) break
        await clock.moveTo(Math.max(next, clock.now()), () => flight.settled())
      }
      await clock.moveTo(target, () => flight.settled())
    },
    tick: async (route) => {
      const named = route === undefined ? ticks.routes : ticks.routes.filter((key) => key === route)
      refuse(
        called('tick', route),
        named.length > 0
          ? []
          : ticks.routes.length === 0
            ? ['no route is made with every(): expected a reactor that has one']
            : [`no schedule has this name: expected one of ${ticks.routes.join(', ')}`],
      )
      flight.arrive(named.map((key) => ticks.tick(key, clock.now())))
      await flight.settled()
    },
  }
}

/** What goes wrong, and what is asked for again. */
function faultsOf(flight: Flight): Part<'redeliver' | 'shuffle' | 'crash' | 'redrive'> {
  const { redrive, stream, trail } = flight
  return {
    redeliver: async (options) => {
      check('redeliver', METHODS.redeliver, { options })
      const as = options?.as ?? 'redelivery'
      if (as === 'duplicates') flight.arrive([...stream.records])
      else stream.again(as)
      await flight.settled()
    },
    shuffle: async (writes, options) => {
      check('shuffle', METHODS.shuffle, { writes, options }, () =>
        !flight.isHolding ? [] : ['a shuffle runs within another one: expected all writes in one'],
      )
      const seed = options?.seed ?? Math.floor(Math.random() * 2 ** 32)
      const arrivals = await flight.held(writes)
      trail.note(`what follows was shuffled with the seed ${seed}`)
      await flight.write(undefined)
      flight.arrive(shuffled(arrivals, seed))
      await flight.settled()
    },
    crash: (at) => {
      check('crash', METHODS.crash, { at })
      stream.crash(at)
    },
    redrive: async (letter) => {
      if (letter === 'all') await redrive.letters()
      else await redrive.letter(typeof letter === 'string' ? letter : letter?.id)
      await flight.settled()
    },
  }
}

/** What came of it. */
function answersOf(
  flight: Flight,
): Part<'expect' | 'explain' | 'pending' | 'reminders' | 'deadLetters' | 'records' | 'trail' | 'now'> {
  const { clock, letters, names, routes, scheduler, stream, trail } = flight
  const known = routes.flatMap(({ keys }) => keys)
  return {
    expect: (route, expected = {}) => {
      check(called('expect', route), METHODS.expect, { route, expected }, () =>
        known.includes(route) ? [] : [`no route has this name: expected one of ${known.join(', ')}`],
      )
      checkClaims(route, expected, trail.stories, (concerned) => {
        const armed = stream.armed.map(
          (point) => `-- the process was to crash at '${point}', which was not reached`,
        )
        const asked = (record: StreamRecord) => flight.explain(record).filter((each) => each.route === route)
        return [trail.tell(asked, concerned), ...armed].join('\n')
      })
    },
    explain: (record = stream.records.at(-1)) => (record === undefined ? [] : flight.explain(record)),
    get pending() {
      return pendingIn(trail.stories, stream)
    },
    reminders: {
      pending: (reminder) =>
        scheduler.waiting.flatMap(({ envelope, dueAt, name }) => {
          const incoming = read(new TextEncoder().encode(envelope), () => true)
          const named = incoming.kind === 'envelope' ? incoming.envelope : undefined
          return named?.kind === 'reminder' && named.reminder === reminder?.name
            ? [{ key: names.get(name) ?? named.key, dueAt, generation: named.generation }]
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
      return trail.tell(flight.explain)
    },
    get now() {
      return new Date(clock.now())
    },
  }
}

function keyRow(entity: EntitySpec, key: unknown): Row {
  const [only] = entity.key
  // An object names its attributes itself: it is an item, or the key of a table with a sort key.
  const named = typeof key === 'object' && key !== null && !(key instanceof Uint8Array)
  return named ? (key as Row) : { [only ?? '']: key }
}
