/**
 * Owns parked lanes: the lanes of routes with `whenExhausted: 'park'` whose records wait, in order, until someone drains
 * them. The records themselves are dead letters. Never runs a record.
 *
 * ```
 *            a record is exhausted              drained: its last letter is done
 *   open ──────────────────────────> parked ──────────────────────────────────────> open
 *                                    │    ▲
 *                                    └────┘ later records of the lane are appended
 * ```
 *
 * | item                              | holds                                          |
 * |-----------------------------------|------------------------------------------------|
 * | `APP/park/REACTOR/ROUTE`          | the names of the route's parked lanes          |
 * | `APP/park/REACTOR/ROUTE/LANE`     | the ids of its letters, in stream order        |
 *
 * Both are written before the first record is acknowledged. They are read when a delivery opens and cached while it lasts: a
 * lane belongs to one shard at a time, and a parent shard ends before its child opens.
 */

import type { StateStore, StateValue } from '../../ports/index.ts'
import { nameOf } from '../keys.ts'
import type { RoutePlan } from '../plan.ts'

export interface Parks {
  /** Reads which lanes of these routes are parked. */
  load(plans: readonly RoutePlan[]): Promise<void>
  has(plan: RoutePlan, lane: string): boolean
  /** False if the lane is full: then its records have to wait on the stream. */
  append(plan: RoutePlan, lane: string, letter: string): Promise<boolean>
  /** The letter that is next. */
  first(plan: RoutePlan, lane: string): Promise<string | undefined>
  /** Takes a letter out; the lane is open again after the last one. */
  remove(plan: RoutePlan, lane: string, letter: string): Promise<void>
  /** Says that no letter of the lane is left. */
  open(plan: RoutePlan, lane: string): Promise<void>
}

/** Letters of one lane, so that its item stays below the 300 KB that a store must take. */
const MOST = 1_000

export function createParks(application: string, state: StateStore): Parks {
  const parked = new Map<string, Set<string>>()
  /** Routes whose lanes are still parked under a former id. */
  const homes = new Map<RoutePlan, string>()
  const keyOf = (plan: RoutePlan) => `${application}/park/${homes.get(plan) ?? plan.key}`
  const laneKey = (plan: RoutePlan, lane: string) => `${keyOf(plan)}/${nameOf(lane)}`
  const namesOf = (plan: RoutePlan) => {
    const names = parked.get(plan.key) ?? new Set()
    parked.set(plan.key, names)
    return names
  }

  async function index(
    plan: RoutePlan,
    change: (lanes: readonly string[]) => readonly string[],
  ): Promise<void> {
    await update(state, keyOf(plan), 'lanes', change)
  }

  async function open(plan: RoutePlan, lane: string): Promise<void> {
    const name = nameOf(lane)
    await index(plan, (lanes) => (lanes.includes(name) ? lanes.filter((other) => other !== name) : lanes))
    namesOf(plan).delete(name)
  }

  return {
    load: async (plans) => {
      for (const plan of plans) {
        for (const key of plan.keys) {
          const item = await state.get(`${application}/park/${key}`)
          if (item === undefined) continue
          homes.set(plan, key)
          parked.set(plan.key, new Set(textsIn(item.value.lanes)))
          break
        }
      }
    },
    has: (plan, lane) => parked.get(plan.key)?.has(nameOf(lane)) ?? false,
    append: async (plan, lane, letter) => {
      const letters = await update(state, laneKey(plan, lane), 'letters', (known) =>
        known.includes(letter) || known.length >= MOST ? known : [...known, letter],
      )
      if (!letters.includes(letter)) return false
      const name = nameOf(lane)
      if (!namesOf(plan).has(name)) {
        await index(plan, (lanes) => (lanes.includes(name) ? lanes : [...lanes, name]))
        namesOf(plan).add(name)
      }
      return true
    },
    first: async (plan, lane) => textsIn((await state.get(laneKey(plan, lane)))?.value.letters)[0],
    remove: async (plan, lane, letter) => {
      const left = await update(state, laneKey(plan, lane), 'letters', (known) =>
        known.filter((other) => other !== letter),
      )
      if (left.length === 0) await open(plan, lane)
    },
    open,
  }
}

/** Changes a list by compare-and-set; an empty one is no item. @returns the list as it is now */
async function update(
  state: StateStore,
  key: string,
  field: string,
  change: (list: readonly string[]) => readonly string[],
): Promise<readonly string[]> {
  for (let item = await state.get(key); ; ) {
    const before = textsIn(item?.value[field])
    const after = change(before)
    if (after === before || (item === undefined && after.length === 0)) return after
    if (item !== undefined && after.length === 0) {
      if (await state.delete(key, item.version)) return after
      item = await state.get(key)
      continue
    }
    const value: StateValue = { [field]: after }
    const result = await state.set(key, value, { expect: item?.version })
    if (result.ok) return after
    item = result.current
  }
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}
