/**
 * `stale: 'skip'`. Owns guards: one item for each lane of a route, which says what was handled last and is also the claim.
 *
 * ```
 *            acquire, not older          complete, bury: its version is the last one
 *   free ─────────────────────────> held ────────────────────────────────────────────> free
 *                                    │ release: the last version stays
 *                                    └──────────────────────────────────────────────> free
 * ```
 *
 * | the event                                                        | answer                                       |
 * |------------------------------------------------------------------|----------------------------------------------|
 * | surely older than the last one of its clock, or older than that  | `stale`                                      |
 * | of another clock by more than clocks may differ                  |                                              |
 * | handled already (its identity is remembered)                     | `completed`, `dead`                          |
 * | newer, or possibly of the same moment                            | `acquired`: ties are handled in stream order |
 * | another owner's lease is running                                 | `held`, also under a former id of the route  |
 */

import type { EventMeta } from '../declare/event.ts'
import { isBefore } from '../declare/version.ts'
import { concluded, type Stage } from '../engine/attempt.ts'
import type { Verdict } from '../engine/outcome.ts'
import type { Scope } from '../engine/scope.ts'
import type { Capability } from '../engine/stage.ts'
import type { StateItem } from '../ports/index.ts'
import { change, guardKey, textsIn } from '../state/index.ts'
import { type Acquired, heldTo, heldUntil, keptUntil, leasing, writerOf } from './lease.ts'

export const guard: Capability = {
  name: 'guard',
  serves: { option: 'stale', value: 'skip' },
  place: 'write-ahead',
  stage: ({ keys }, scope) => stageOf(keys, scope),
}

const STALE: Verdict = { kind: 'skip', reason: 'older than what was handled' }

function stageOf(keys: readonly string[], scope: Scope): Stage {
  return leasing(async (attempt, id) => {
    const { event } = attempt.content
    // An event that is looked up as it fires has no version before that.
    if (event === undefined) return undefined
    const names = keys.map((key) => guardKey(scope.place.application, key, attempt.task.lane))
    const redriven = attempt.found?.generation !== undefined
    return acquire(scope, names, { event, id, redriven }, attempt.wallDeadline)
  })
}

/** Identities that are remembered of a clock's last version, to tell a repeat from a tie, and of the last dead letters. */
const RING = 8

/** Clocks whose last versions are remembered: the publishers of a lane's events, or DynamoDB's. */
const CLOCKS = 8

/** The last version of a clock, and what was handled of it, newest last. What came before it on that clock is stale. */
type Mark = {
  readonly version: { readonly min: number; readonly max: number; readonly clock?: string }
  /** Of its event, in milliseconds since 1970: a version may be what an entity counts. */
  readonly at: number
  readonly ids: readonly string[]
}

/** Written into the item as it is. */
type Last = {
  /** The newest first. */
  readonly marks: readonly Mark[]
  /** Dead letters, which a redrive may run again. */
  readonly dead: readonly string[]
}

async function acquire(
  { settings }: Scope,
  [key = '', ...former]: readonly string[],
  what: { readonly event: EventMeta; readonly id: string; readonly redriven: boolean },
  until: number,
): Promise<Acquired> {
  const { state, maxClockSkew } = settings
  const { event, id, redriven } = what
  const mark = { version: { ...event.version }, at: event.at.getTime(), ids: [id] }
  let inherited = lastOf(undefined)
  for (const old of former) {
    const item = await state.get(old)
    const held = heldUntil(item, settings)
    if (held !== undefined) return held
    inherited = joined(inherited, lastOf(item))
  }
  let last = inherited
  const answerOf = (item: StateItem | undefined): Acquired | undefined => {
    const { marks, dead } = last
    if (marks.some(({ ids }) => ids.includes(id))) return { kind: 'completed' }
    if (dead.includes(id) && !redriven) return { kind: 'dead' }
    if (marks.some((other) => isBefore(mark, other, maxClockSkew))) return concluded(STALE)
    return heldUntil(item, settings)
  }
  const taken = await change<Acquired | undefined>(state, key, (item) => {
    last = joined(inherited, lastOf(item))
    const answer = answerOf(item)
    return answer === undefined
      ? {
          write: { ...last, ...heldTo(until, settings) },
          expiresAt: keptUntil(settings),
          result: undefined,
        }
      : { keep: true, result: answer }
  })
  if (taken.result !== undefined) return taken.result
  const write = writerOf(settings, key, taken.version)
  const after = (ids: readonly string[], dead: readonly string[]) =>
    write({ ...joined(last, { marks: [{ ...mark, ids }], dead }), state: 'free' })
  return {
    kind: 'acquired',
    owned: {
      name: 'claim',
      complete: () => after([id], []),
      bury: () => after([], [id]),
      extend: (moment) => write({ ...last, ...heldTo(moment, settings) }),
      release: () => write({ ...last, state: 'free' }),
    },
  }
}

function lastOf(item: StateItem | undefined): Last {
  const { marks, dead } = Object(item?.value)
  return { marks: Array.isArray(marks) ? marks : [], dead: textsIn(dead) }
}

function joined(a: Last, b: Last): Last {
  const marks = new Map<unknown, Mark>()
  for (const mark of [...a.marks, ...b.marks]) {
    const { clock } = mark.version
    marks.set(clock, later(marks.get(clock) ?? mark, mark))
  }
  const newest = [...marks.values()].sort((one, other) => other.at - one.at)
  return {
    // After an event of a clock that is forgotten what came after it is handled again, so that its effect is not the last one.
    marks: newest.length > CLOCKS ? newest.slice(0, CLOCKS).map((mark) => ({ ...mark, ids: [] })) : newest,
    dead: [...new Set([...a.dead, ...b.dead])].slice(-RING),
  }
}

/**
 * The mark of two versions never goes back: each end of its interval is the later one. Of a microsecond that was handled, and a
 * millisecond that may have come before it, the microsecond still tells what is surely older.
 */
function later(a: Mark, b: Mark): Mark {
  const [{ version: one }, { version: other }] = [a, b]
  // What is surely older than a mark is stale by its version: its identity need not be remembered.
  const ids = [...(one.max < other.min ? [] : a.ids), ...(other.max < one.min ? [] : b.ids)]
  return {
    version: { ...other, min: Math.max(one.min, other.min), max: Math.max(one.max, other.max) },
    at: Math.max(a.at, b.at),
    ids: [...new Set(ids)].slice(-RING),
  }
}
