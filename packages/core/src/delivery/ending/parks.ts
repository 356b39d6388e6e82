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
import { comparePositions, type Position } from '../../wire/index.ts'
import { nameOf, textsIn } from '../keys.ts'
import type { RoutePlan } from '../plan.ts'

export interface Parks {
  /** Reads which lanes of these routes are parked. */
  load(plans: readonly RoutePlan[]): Promise<void>
  has(plan: RoutePlan, lane: string): boolean
  /** False if there is no room for the letter or the lane: then its records have to wait on the stream. */
  append(plan: RoutePlan, lane: string, letter: string): Promise<boolean>
  /** The letter that is next. */
  first(plan: RoutePlan, lane: string): Promise<string | undefined>
  /** Takes a letter out; the lane is open again after the last one. */
  remove(plan: RoutePlan, lane: string, letter: string): Promise<void>
  /** Says that no letter of the lane is left. */
  open(plan: RoutePlan, lane: string): Promise<void>
}

/** Characters of a list, so that its item stays below the 300 KB that a store must take. */
const MOST = 250_000

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

  async function open(plan: RoutePlan, lane: string): Promise<void> {
    const name = nameOf(lane)
    await update(state, keyOf(plan), 'lanes', without(name))
    namesOf(plan).delete(name)
  }

  return {
    load: async (plans) => {
      const ids = plans.flatMap((plan) => plan.keys.map((key) => ({ plan, key })))
      const items = await Promise.all(ids.map(({ key }) => state.get(`${application}/park/${key}`)))
      for (const [i, { plan, key }] of ids.entries()) {
        const item = items[i]
        if (item === undefined || homes.has(plan)) continue
        homes.set(plan, key)
        parked.set(plan.key, new Set(textsIn(item.value.lanes)))
      }
    },
    has: (plan, lane) => parked.get(plan.key)?.has(nameOf(lane)) ?? false,
    append: async (plan, lane, letter) => {
      const letters = await update(state, laneKey(plan, lane), 'letters', including(letter, isBehind))
      if (!letters.includes(letter)) return false
      const name = nameOf(lane)
      if (namesOf(plan).has(name)) return true
      const lanes = await update(state, keyOf(plan), 'lanes', including(name))
      if (!lanes.includes(name)) return false
      namesOf(plan).add(name)
      return true
    },
    first: async (plan, lane) => textsIn((await state.get(laneKey(plan, lane)))?.value.letters)[0],
    remove: async (plan, lane, letter) => {
      const left = await update(state, laneKey(plan, lane), 'letters', without(letter))
      if (left.length === 0) await open(plan, lane)
    },
    open,
  }
}

type Change = (list: readonly string[]) => readonly string[]

/** The same list if it is there already, or if there is no room for it; else it comes before the first that is behind it. */
function including(text: string, behind: (other: string, text: string) => boolean = () => false): Change {
  return (list) => {
    if (list.includes(text)) return list
    const at = list.findIndex((other) => behind(other, text))
    const more = list.toSpliced(at < 0 ? list.length : at, 0, text)
    return JSON.stringify(more).length > MOST ? list : more
  }
}

/**
 * Whether a letter's record came after another's on one shard. Mostly records are parked as they come; one that was done comes
 * again after an unclean death, and must not be run after what had failed behind it.
 */
function isBehind(a: string, b: string): boolean {
  const [shard, place] = placeOf(a)
  const [other, earlier] = placeOf(b)
  return shard === other && comparePositions(place, earlier) > 0
}

/** Of a letter's id: `…/stream/shard/sequence/sub`, and perhaps a part. */
function placeOf(letter: string): readonly [shard: string, Position] {
  const [, shard = '', sequence = '', sub = '0'] = /\/([^/]+\/[^/]+)\/(\d+)\/(\d+)(?:\/|$)/.exec(letter) ?? []
  return [shard, { sequence, subSequence: Number(sub) }]
}

function without(text: string): Change {
  return (list) => (list.includes(text) ? list.filter((other) => other !== text) : list)
}

/** Changes a list by compare-and-set; an empty one is no item. @returns the list as it is now */
async function update(
  state: StateStore,
  key: string,
  field: string,
  change: Change,
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
