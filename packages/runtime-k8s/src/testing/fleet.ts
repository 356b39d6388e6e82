/**
 * Owns the simulation for users: reactors of their own in a fleet of real workers, on a virtual clock, under faults that a seed chooses.
 *
 * ```
 *   for each seed:  scenario made ─ changes are put, faults come ─ all is at rest ─┬─ its `check` ─> the next one
 *                                                                                  └─ a violation, or a check that fails ─> told, with the seed
 * ```
 */

import { type Entity, type Reactor, SpaceshipError } from '@spaceship/core'
import {
  callable,
  check,
  closed,
  count,
  type KeyValue,
  list,
  refuse,
  required,
  type ShapesOf,
} from '@spaceship/core/adapter'
import type { DeadLetter, OutgoingRecord } from '@spaceship/core/ports'
import { type ChangeRecord, chanceOf, createTables } from '@spaceship/core/testing'
import type { Cargo, SimulatedProcess } from './cargo.ts'
import { planOf, type Sizes } from './plan.ts'
import { type Found, simulate } from './run.ts'
import { shrink } from './shrink.ts'
import { toldViolation } from './tell.ts'

/** What services save in a scenario, in this order. */
export interface Saving {
  put<T, Item, K>(entity: Entity<T, Item, K>, item: NoInfer<Item>): void
  /** By item or key. Of a row that is not there nothing comes. */
  remove<T, Item, K>(entity: Entity<T, Item, K>, key: NoInfer<Item> | KeyValue<Item, K>): void
  /** In [0, 1), the same for one seed. */
  random(): number
}

/** What is there at the end of a scenario. */
export interface ScenarioEnd {
  /** What the reactors have given up on. */
  readonly letters: readonly DeadLetter[]
  /** What handlers have published: it comes to no reactor of the simulation. */
  readonly published: readonly OutgoingRecord[]
}

export interface Scenario {
  /** Made anew for each process, as each process of a deployment makes its own. */
  readonly reactors: (process: SimulatedProcess) => Reactor | readonly Reactor[]
  /** Asked when all has been handled and no fault comes any more. What it throws ends the simulation. */
  readonly check?: (end: ScenarioEnd) => void | Promise<void>
}

export interface FleetOptions {
  /** Says what is saved, and makes what the reactors work on: once for each seed, and for each smaller run that is looked for. */
  readonly scenario: (saving: Saving) => Scenario
  /** The first seed. @default 1 */
  readonly from?: number
  /** Seeds, one after the other. @default 20 */
  readonly seeds?: number
  /** @default 3 */
  readonly workers?: number
  /** Of the stream at first: it is resharded. @default 4 */
  readonly shards?: number
  /** Of the faults of a seed these alone, by their order: what is told of a violation names them. @default all */
  readonly only?: readonly number[] | undefined
}

export interface FleetReport {
  readonly seeds: number
  readonly records: number
  /** How often a record was begun again after it had been handled: by a worker that took over. */
  readonly repeats: number
  readonly moves: number
  readonly kills: number
}

export const FLEET = {
  options: closed({
    scenario: required(callable),
    from: count(0),
    seeds: count(1),
    workers: count(1, 1_000),
    shards: count(1, 10_000),
    only: list(count(0), 'places of faults'),
  } satisfies ShapesOf<FleetOptions>),
}

/**
 * Runs reactors in a simulated fleet: workers are killed and stand still, requests are lost and throttled, clocks jump, shards split and merge, as a
 * seed says, in virtual time and without AWS. The simulation looks after what must hold of deliveries; `check` after what must hold of effects.
 *
 * @throws ConfigurationError that lists every problem; SpaceshipError `simulation` with the smallest run that was found, and what led there
 * @example
 * await simulateFleet({
 *   seeds: 100,
 *   scenario: ({ put }) => {
 *     const seen = new Set<string>()
 *     for (let n = 0; n < 50; n += 1) put(Client, { id: `c${n}`, name: 'Ann', plan: 'trial', seats: 5 })
 *     return {
 *       reactors: () => reactor('greeter').on('greet', joined, (e) => void seen.add(e.after.id)),
 *       check: () => {
 *         if (seen.size !== 50) throw new Error(`${seen.size} of 50 were greeted`)
 *       },
 *     }
 *   },
 * })
 */
export async function simulateFleet(options: FleetOptions): Promise<FleetReport> {
  check('simulateFleet', FLEET, { options })
  const { scenario, from = 1, seeds = 20, workers = 3, shards = 4, only } = options
  const report = { seeds, records: 0, repeats: 0, moves: 0, kills: 0 }
  for (let seed = from; seed < from + seeds; seed += 1) {
    const found = await once(scenario, { seed, workers, shards, only })
    if (found.violation !== undefined) {
      const shrunk = await shrink(found, (sizes) => once(scenario, sizes))
      throw new SpaceshipError('simulation', toldViolation(shrunk, callOf))
    }
    const { records, repeats, moves, kills } = found.counts
    report.records += records
    report.repeats += repeats
    report.moves += moves
    report.kills += kills
  }
  return report
}

/** Reactors see everything, in workers of ours: what expires before it is read can only be told of. */
const WHOLE = { javas: 0, start: { from: 'TRIM_HORIZON', at: 0 }, fleetAt: 0 } as const

/** A check that fails is a violation like others: a smaller run is looked for that has it, too. */
async function once(scenario: FleetOptions['scenario'], sizes: Sizes): Promise<Found> {
  const { cargo, asked } = loaded(scenario, sizes.seed)
  const plan = planOf(sizes)
  const faults = plan.faults.filter(({ kind }) => kind !== 'lapse')
  const found = await simulate({ ...plan, ...WHOLE, faults }, { cargo })
  if (found.violation !== undefined) return found
  try {
    await asked?.({ letters: found.letters, published: found.published })
  } catch (error) {
    const what = error instanceof Error ? error.message : 'it threw what is no Error'
    return { ...found, violation: { kind: 'check', what, shard: undefined } }
  }
  return found
}

function callOf({ seed, workers, shards, only }: Sizes): string {
  const faults = only === undefined ? '' : `, only: [${only.join(', ')}]`
  return `simulateFleet({ scenario, from: ${seed}, seeds: 1, workers: ${workers}, shards: ${shards}${faults} })`
}

type Spec = Entity<unknown>['spec']

const STARTED = Date.UTC(2025, 11, 31)

function loaded(scenario: FleetOptions['scenario'], seed: number) {
  const chance = chanceOf(seed)
  const changes: ChangeRecord[] = []
  const entities = new Map<string, Spec>()
  // All are dated before the first worker starts.
  const tables = createTables(() => STARTED + changes.length)
  const keep = (spec: Spec, change: ChangeRecord | undefined) => {
    entities.set(spec.table, spec)
    if (change !== undefined) changes.push(change)
  }
  const made = scenario({
    put: ({ spec }, item) => keep(spec, tables.put(spec, Object(item))),
    remove: ({ spec }, key) => keep(spec, tables.remove(spec, keyIn(spec, key), 'user')),
    random: () => chance.below(2 ** 31) / 2 ** 31,
  })
  const { reactors, check: asked }: Scenario = Object(made)
  if (!callable.fits(reactors) || !(asked === undefined || callable.fits(asked)))
    refuse('simulateFleet', ["what 'scenario' returns is none: expected { reactors, check }, two functions"])
  if (entities.size === 0)
    refuse('simulateFleet', ["'scenario' saves nothing: expected put() of one row at the least"])
  const cargo: Cargo = {
    changes,
    entities: [...entities.values()],
    reactors: (process) => reactorsIn([reactors(process)].flat()),
  }
  return { cargo, asked }
}

/** @throws ConfigurationError for what is none */
function reactorsIn(given: readonly Reactor[]): readonly Reactor[] {
  if (!given.every((one) => Array.isArray(Object(one).routes)))
    refuse('simulateFleet', ["what 'reactors' returns is none: expected a reactor, or a list of reactors"])
  const timed = given
    .flatMap(({ routes }) => routes)
    .filter(({ events }) => events.some(({ spec }) => spec.kind === 'schedule'))
  if (timed.length > 0)
    refuse('simulateFleet', [
      `the route '${timed[0]?.id}' is made with every(): expected routes on changes, since nothing ticks in a simulation`,
    ])
  return given
}

/** A key of one attribute may be given as its value. */
function keyIn({ key: [name = ''] }: Spec, given: unknown): Readonly<Record<string, unknown>> {
  const isRow = typeof given === 'object' && given !== null && !(given instanceof Uint8Array)
  return isRow ? { ...given } : { [name]: given }
}
