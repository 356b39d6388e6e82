/** Owns what all members of a simulated fleet share: the stream, the lease table, the stores, the weather, and who watches them. */

import { type MemoryEvents, memoryDeadLetters, memoryEvents, memoryState } from '@spaceship/core/memory'
import type { DeadLetters, StateStore } from '@spaceship/core/ports'
import { type Chance, chanceOf } from '@spaceship/core/testing'
import type { Member } from './book.ts'
import type { Cargo } from './cargo.ts'
import { createTable, type SimTable } from './dynamodb.ts'
import { createStream, type SimStream } from './kinesis.ts'
import type { Service, Weather } from './network.ts'
import { createOracle, type Oracle } from './oracle.ts'
import type { Plan } from './plan.ts'
import type { Plant } from './plant.ts'
import { createPromises } from './promises.ts'
import type { Audience } from './requests.ts'
import { createTrace, type Trace } from './trace.ts'
import { createUniverse, type Universe } from './universe.ts'

/** Bad weather, from the moment it comes until it is over. */
export interface Spell extends Weather {
  readonly service: Service
  /** Undefined for all. */
  readonly slot: number | undefined
  readonly from: number
  readonly until: number
}

export interface World {
  readonly plan: Plan
  readonly plant: Plant | undefined
  readonly audience: Audience | undefined
  /** Undefined: records of its own, for the reactor that watches. */
  readonly cargo: Cargo | undefined
  readonly universe: Universe
  readonly stream: SimStream
  readonly table: SimTable
  readonly trace: Trace
  readonly oracle: Oracle
  readonly state: StateStore
  readonly deadLetters: DeadLetters
  /** What handlers publish: it is kept, and comes to nobody. */
  readonly events: MemoryEvents
  readonly spells: Spell[]
  /** Which slot a member was started in. */
  readonly slots: Map<Member, number>
  chance(what: string): Chance
}

/** How long a handler takes, and whether it fails the first time. */
export interface Fate {
  readonly ms: number
  readonly fails: boolean
}

/** The route that watches what is delivered. */
export const WATCH = { reactor: 'simulation', route: 'see' } as const

/** What may be simulated beside a plan. */
export interface Load {
  readonly plant?: Plant | undefined
  readonly cargo?: Cargo | undefined
  readonly audience?: Audience | undefined
}

export function createWorld(plan: Plan, { plant, cargo, audience }: Load): World {
  const universe = createUniverse()
  const trace = createTrace()
  const now = () => universe.now
  const chance = (what: string) => chanceOf(mixed(plan.seed, what))
  const stream = createStream(plan.shards, now, chance('kinesis'))
  const pages = chance('pages')
  const isPaged = pages.oneIn(2)
  const table = createTable(() => (isPaged ? Math.max(3, plan.shards - pages.below(3)) : 2_500))
  const slots = new Map<Member, number>()
  const spells: Spell[] = []
  // A request that waits for its time-out is not over with the spell that it met.
  const isExcused = (member: Member, since: number) =>
    spells.some(
      ({ slot, until }) => (slot === undefined || slot === slots.get(member)) && until + 10_000 > since,
    )
  const { failover } = plan
  const promises = createPromises(plan.start, now)
  const isMixed = plan.javas > 0
  const oracle = createOracle({
    stream,
    trace,
    now,
    failover,
    rows: table.rows,
    promises,
    isMixed,
    isExcused,
  })
  const letters = memoryDeadLetters()
  return {
    ...{ plan, plant, cargo, audience, universe, stream, table, trace, oracle, spells, slots, chance },
    events: memoryEvents(),
    state: memoryState({ clock: universe.process('state').clock }),
    deadLetters: {
      ...letters,
      put: async (letter) => {
        if (letter.reactor === WATCH.reactor) oracle.kept(letter.shard, letter.sequence)
        await letters.put(letter)
      },
    },
  }
}

export function weatherAt({ spells, universe }: World, slot: number, service: Service): Weather {
  const here = spells.filter(
    (spell) =>
      spell.service === service &&
      (spell.slot === undefined || spell.slot === slot) &&
      spell.from <= universe.now &&
      universe.now < spell.until,
  )
  return {
    cut: here.some(({ cut }) => cut),
    throttled: Math.max(0, ...here.map(({ throttled }) => throttled)),
    lostAnswers: Math.max(0, ...here.map(({ lostAnswers }) => lostAnswers)),
  }
}

export function fateOf({ plan }: World, key: string, n: number): Fate {
  const chance = chanceOf(mixed(plan.seed, `${key}#${n}`))
  const ms = chance.oneIn(60) ? chance.below(3_000) : chance.below(30)
  return { ms, fails: chance.oneIn(40) }
}

/** A seed for each purpose, so that one fault less changes nothing else. */
function mixed(seed: number, what: string): number {
  let hash = seed | 0
  for (let i = 0; i < what.length; i += 1)
    hash = Math.imul(hash ^ what.charCodeAt(i), 0x01000193) ^ (hash >>> 13)
  return hash
}
