/**
 * What every runtime must make of the same records, whatever befalls it. A runtime under test is driven through one process
 * at a time; the cases compare what no runtime may differ in: the set of effects of each event, the last effect of each
 * lane, the order of first attempts, and that nothing was lost.
 */

import assert from 'node:assert/strict'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { entity } from '../declare/entity.ts'
import { type Reactor, reactor } from '../declare/reactor.ts'
import { Unavailable } from '../verdicts.ts'
import { marshal, type StreamRecord } from '../wire/index.ts'
import { createWorld, type Life, type World } from './world.ts'

/** How a runtime is driven. */
export interface RuntimeSubject {
  /** Starts on an empty shard. `make` and `born` are called for each process that it starts. */
  start(given: RuntimeGiven): Promise<RuntimeUnderTest>
  /** Cases that it has no mechanism for, by name, and why. */
  readonly without?: Readonly<Record<string, string>>
}

export interface RuntimeGiven {
  readonly clock: World['clock']
  readonly make: (life: Life) => Reactor
  readonly born: () => Life
  readonly stream: string
  readonly shard: string
}

export interface RuntimeUnderTest {
  /** Puts records at the end of the shard. */
  put(records: readonly StreamRecord[]): void
  /** Lets everything run that can, while so much time passes. */
  pass(ms: number): Promise<void>
  /** The process that is at work has died: another one takes over, in the runtime's own way and time. */
  died(): void
  /** The shard is closed: what is put from now on comes to its child. */
  reshard?(): void
  /** The process at work is paused beyond its lease: another one takes over while it goes on. */
  loseLease?(): void
  /** A clean hand-over to another process. */
  handOver(): Promise<void>
  /** The sequence up to which everything is acknowledged; '' if nothing is. */
  readonly acknowledged: string
  close(): Promise<void>
}

interface Item {
  readonly id: string
  readonly n: number
}

// Any Standard Schema would do; core knows no library that makes one.
const schema: StandardSchemaV1<Item> = {
  '~standard': { version: 1, vendor: 'conformance', validate: (value) => ({ value: value as Item }) },
}
const Thing = entity('thing', { table: 'things', key: 'id', schema })
const saved = Thing.saved('thing.saved')
const EFFECTS = ['idempotent', 'journal', 'claim', 'guard'] as const
const ATTEMPTS = 3

interface Told {
  readonly key: string
  /** Microseconds after the start of time. @default the sequence */
  readonly at?: number
  readonly milliseconds?: boolean
}

function recordOf(sequence: number, { key, at = sequence, milliseconds = false }: Told): StreamRecord {
  const time = 1_796_000_000_000_000 + at
  const json = {
    eventName: 'MODIFY',
    tableName: 'things',
    dynamodb: {
      ApproximateCreationDateTime: milliseconds ? Math.floor(time / 1_000) : time,
      ApproximateCreationDateTimePrecision: milliseconds ? 'MILLISECOND' : 'MICROSECOND',
      Keys: marshal({ id: key }),
      NewImage: marshal({ id: key, n: at }),
    },
  }
  const data = new TextEncoder().encode(JSON.stringify(json))
  return { sequence: String(sequence), subSequence: 0, partitionKey: key, data, arrivedAt: new Date(0) }
}

type Behaviour = (item: Item, attempt: number, world: World) => void

interface Scene {
  readonly world: World
  readonly runtime: RuntimeUnderTest
  readonly lives: Life[]
  /** Puts these, as the records from the next sequence on. */
  put(told: readonly Told[]): void
  /** Until everything is acknowledged. @throws if that takes longer than hours of virtual time */
  finish(): Promise<void>
  killed(): void
}

async function scene(subject: RuntimeSubject, behave: Behaviour = () => {}): Promise<Scene> {
  const world = createWorld()
  const lives: Life[] = []
  let sequence = 0
  const make = (life: Life) => {
    const app = reactor('r', { retry: { attempts: ATTEMPTS, base: '1s', max: '2s' } })
    for (const effect of EFFECTS) {
      const options = effect === 'guard' ? ({ stale: 'skip' } as const) : { effect }
      app.on(
        effect,
        saved,
        async (event, { attempt }) => {
          const { after, key } = event
          const effected = world.record({ life, route: effect, lane: key, id: event.id, n: after.n })
          if (effected === undefined) return new Promise(() => {})
          await world.clock.sleep(20)
          behave(after, attempt, world)
          effected.ended()
        },
        options,
      )
    }
    return app
  }
  const born = () => {
    const life = world.born()
    lives.push(life)
    return life
  }
  const { clock } = world
  const runtime = await subject.start({
    clock,
    make,
    born,
    stream: 'things-cdc',
    shard: 'shardId-000000000000',
  })
  return {
    world,
    runtime,
    lives,
    put: (told) => {
      const records = told.map((one, i) => recordOf(sequence + i + 1, one))
      sequence += told.length
      runtime.put(records)
    },
    finish: async () => {
      for (let round = 0; round < 400 && runtime.acknowledged !== String(sequence); round += 1)
        await runtime.pass(5_000)
      assert.equal(runtime.acknowledged, String(sequence), 'everything is acknowledged in the end')
    },
    killed: () => {
      const last = lives.at(-1)
      if (last === undefined || !last.alive) return
      world.kill(last)
      runtime.died()
    },
  }
}

/** What must hold of every run, whatever befell it. */
function held({ world }: Scene, told: readonly Told[], poison: readonly string[] = []): void {
  assert.deepEqual(world.broken, [])
  for (const route of EFFECTS) {
    const own = world.effects.filter((effect) => effect.route === route)
    for (const [i, { key, at = i + 1 }] of told.entries()) {
      const done = own.some((effect) => effect.n === at && effect.ended)
      const kept = world.letters.some((letter) => letter.route === route && letter.sequence === String(i + 1))
      const newer =
        route === 'guard' && told.some((other, j) => other.key === key && (other.at ?? j + 1) > at)
      if (poison.includes(key)) assert.ok(kept || done, `${route} kept ${at}`)
      else assert.ok(done || newer, `${route} had an effect for ${at}`)
    }
    for (const lane of new Set(told.map(({ key }) => key))) {
      const firsts = [...new Set(own.filter((effect) => effect.lane === lane).map(({ n }) => n))]
      const order = told.flatMap(({ key, at }, i) => (key === lane ? [at ?? i + 1] : []))
      const expected = [...new Set(order)].filter((n) => firsts.includes(n))
      assert.deepEqual(firsts, expected, `first attempts of ${route} ${lane} are in stream order`)
    }
  }
}

function ended({ world }: Scene, route: string): number[] {
  return world.effects.filter((effect) => effect.route === route && effect.ended).map(({ n }) => n)
}

const KEYS: readonly Told[] = [
  { key: 'a' },
  { key: 'b' },
  { key: 'a' },
  { key: 'c' },
  { key: 'b' },
  { key: 'a' },
]

/** A case, and what it needs beyond starting and ending. */
export interface RuntimeCase {
  readonly name: string
  run(subject: RuntimeSubject): Promise<void>
}

/**
 * The scenarios. `skipped` says why a runtime does not run one.
 *
 * @example
 * const without = { 'lost lease: a process that is paused starts nothing after its successor did': 'it has no lease' }
 * const subject: RuntimeSubject = { without, start: async (given) => myRuntime(given) }
 * for (const { name, run } of runtimeCases) if (subject.without?.[name] === undefined) test(name, () => run(subject))
 */
export const runtimeCases: readonly RuntimeCase[] = [
  {
    name: 'good weather: each event has one effect for each route, in order',
    run: async (subject) => {
      const flight = await scene(subject)
      flight.put(KEYS)
      await flight.finish()
      held(flight, KEYS)
      for (const route of EFFECTS) assert.deepEqual(ended(flight, route).toSorted(), [1, 2, 3, 4, 5, 6])
      await flight.runtime.close()
    },
  },
  {
    name: 'duplicates: what a producer repeats has one effect where it is claimed or guarded',
    run: async (subject) => {
      const flight = await scene(subject)
      const told = [...KEYS, ...KEYS.map(({ key }, i) => ({ key, at: i + 1 }))]
      flight.put(told)
      await flight.finish()
      for (const route of ['claim', 'guard'])
        assert.deepEqual(ended(flight, route).toSorted(), [1, 2, 3, 4, 5, 6])
      assert.deepEqual(flight.world.broken, [])
      await flight.runtime.close()
    },
  },
  {
    name: 'disorder: a guarded route ends with the newest event, whatever came last',
    run: async (subject) => {
      const flight = await scene(subject)
      const told = [1, 4, 2, 3].map((at) => ({ key: 'a', at }))
      flight.put(told)
      await flight.finish()
      held(flight, told)
      assert.deepEqual(ended(flight, 'guard'), [1, 4])
      assert.deepEqual(ended(flight, 'journal'), [1, 4, 2, 3])
      await flight.runtime.close()
    },
  },
  {
    name: 'precision switch: milliseconds among microseconds are neither lost nor taken for older than they may be',
    run: async (subject) => {
      const flight = await scene(subject)
      const told = [
        { key: 'a', at: 123_456 },
        { key: 'a', at: 123_900, milliseconds: true },
        { key: 'a', at: 122_000, milliseconds: true },
        { key: 'a', at: 124_000 },
      ]
      flight.put(told)
      await flight.finish()
      held(flight, told)
      assert.deepEqual(ended(flight, 'guard'), [123_456, 123_900, 124_000])
      await flight.runtime.close()
    },
  },
  {
    name: 'poison: it is kept after its attempts, and holds up its own lane alone',
    run: async (subject) => {
      const flight = await scene(subject, ({ id }) => {
        if (id === 'b') throw new Error('poison')
      })
      flight.put(KEYS)
      await flight.finish()
      held(flight, KEYS, ['b'])
      assert.equal(flight.world.letters.length, 2 * EFFECTS.length)
      assert.ok(
        flight.world.letters.every(({ attempts, reason }) => attempts === ATTEMPTS && reason === 'exhausted'),
      )
      await flight.runtime.close()
    },
  },
  {
    name: 'outage: nothing is counted, given up or lost, however long it takes',
    run: async (subject) => {
      let until = Number.POSITIVE_INFINITY
      const flight = await scene(subject, (_, __, { clock }) => {
        until = Math.min(until, clock.now() + 600_000)
        if (clock.now() < until) throw new Unavailable('warehouse')
      })
      flight.put(KEYS)
      await flight.finish()
      held(flight, KEYS)
      assert.deepEqual(flight.world.letters, [])
      await flight.runtime.close()
    },
  },
  {
    name: 'hand-over: what is done stays done, what is not goes on elsewhere',
    run: async (subject) => {
      const flight = await scene(subject)
      flight.put(KEYS.slice(0, 3))
      await flight.runtime.pass(25)
      await flight.runtime.handOver()
      flight.put(KEYS.slice(3))
      await flight.finish()
      held(flight, KEYS)
      for (const route of EFFECTS) assert.deepEqual(ended(flight, route).toSorted(), [1, 2, 3, 4, 5, 6])
      await flight.runtime.close()
    },
  },
  {
    name: 'crash at every write: nothing is lost, nothing claimed is repeated, order holds',
    run: async (subject) => {
      // The third record fails once, so that journals, releases and letters are written too.
      const behave: Behaviour = ({ n }, attempt) => {
        if (n === 2 || (n === 3 && attempt === 1)) throw new Error('not now')
      }
      for (const when of ['before', 'after'] as const) {
        for (let write = 1; ; write += 1) {
          const flight = await scene(subject, behave)
          let died = false
          flight.world.killAt(write, when, () => {
            died = true
            flight.killed()
          })
          flight.put(KEYS)
          await flight.finish()
          held(flight, KEYS, ['b'])
          await flight.runtime.close()
          if (!died) break
        }
      }
    },
  },
  {
    name: 'crash in mid-flight: handlers that ran are repeated only where nobody wrote that they ended',
    run: async (subject) => {
      const flight = await scene(subject)
      flight.put(KEYS)
      await flight.runtime.pass(10)
      flight.killed()
      await flight.finish()
      held(flight, KEYS)
      await flight.runtime.close()
    },
  },
  {
    name: 'lost lease: a process that is paused starts nothing after its successor did',
    run: async (subject) => {
      const flight = await scene(subject)
      flight.put(KEYS)
      await flight.runtime.pass(10)
      flight.runtime.loseLease?.()
      flight.put(KEYS.map(({ key }, i) => ({ key, at: 100 + i })))
      await flight.finish()
      const told = [...KEYS, ...KEYS.map(({ key }, i) => ({ key, at: 100 + i }))]
      held(flight, told)
      const successor = flight.world.effects.findIndex(({ life }) => life === flight.lives[1])
      assert.ok(successor >= 0)
      assert.ok(flight.world.effects.slice(successor).every(({ life }) => life === flight.lives[1]))
      await flight.runtime.close()
    },
  },
  {
    name: 'reshard: a child begins when its parent has ended, also if a process dies in between',
    run: async (subject) => {
      const told = [...KEYS, ...KEYS.map(({ key }, i) => ({ key, at: 100 + i }))]
      for (const dies of [false, true]) {
        // The parent's records are slow: what is read of the child must wait for them.
        const flight = await scene(subject, ({ n }, attempt) => {
          if (n < 100 && attempt === 1) throw new Error('not now')
        })
        flight.put(KEYS)
        await flight.runtime.pass(10)
        flight.runtime.reshard?.()
        flight.put(told.slice(KEYS.length))
        if (dies) flight.killed()
        await flight.finish()
        held(flight, told)
        await flight.runtime.close()
      }
    },
  },
  {
    name: 'crash loop: a record that kills every process that runs it is kept, and the shard goes on',
    run: async (subject) => {
      let flight: Scene | undefined
      const killing = await scene(subject, ({ id }) => {
        if (id === 'b') flight?.killed()
      })
      flight = killing
      killing.put([{ key: 'a' }, { key: 'b' }, { key: 'c' }])
      await killing.finish()
      assert.deepEqual(
        killing.world.letters.map(({ reason, sequence }) => `${reason} ${sequence}`),
        ['crashed 2'],
      )
      assert.ok(ended(killing, 'journal').includes(3))
      await killing.runtime.close()
    },
  },
]
