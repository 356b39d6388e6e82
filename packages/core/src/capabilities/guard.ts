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
 * | the event                                     | answer                                             |
 * |-----------------------------------------------|----------------------------------------------------|
 * | surely older than the last one                | `stale`                                            |
 * | handled already (its identity is remembered)  | `completed`, `dead`                                |
 * | newer, or possibly of the same moment         | `acquired`: ties are handled in stream order       |
 * | another owner's lease is running              | `held`, also under a former id of the route        |
 */

import { isBefore, type Moment, type Version } from '../declare/version.ts'
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
    return acquire(scope, names, { version: event.version, id, redriven }, attempt.wallDeadline)
  })
}

/** Identities of the last versions that are remembered, to tell a repeat from a tie. */
const RING = 8

interface Last extends Version {
  /** Handled, newest last. */
  readonly ids: readonly string[]
  /** Dead letters among them, which a redrive may run again. */
  readonly dead: readonly string[]
}

const NEVER: Last = { min: Number.MIN_SAFE_INTEGER, max: Number.MIN_SAFE_INTEGER, ids: [], dead: [] }

async function acquire(
  { settings }: Scope,
  [key = '', ...former]: readonly string[],
  event: { readonly version: Version; readonly id: string; readonly redriven: boolean },
  until: number,
): Promise<Acquired> {
  const { state, maxClockSkew } = settings
  const { version, id, redriven } = event
  let inherited = NEVER
  for (const old of former) {
    const item = await state.get(old)
    const held = heldUntil(item, settings)
    if (held !== undefined) return held
    inherited = newer(inherited, lastOf(item))
  }
  let last = NEVER
  const taken = await change<Exclude<Acquired, { kind: 'acquired' }> | undefined>(state, key, (item) => {
    last = newer(inherited, lastOf(item))
    if (last.ids.includes(id)) return { keep: true, result: { kind: 'completed' } }
    if (last.dead.includes(id) && !redriven) return { keep: true, result: { kind: 'dead' } }
    if (isBefore(momentOf(version), momentOf(last), maxClockSkew))
      return { keep: true, result: concluded(STALE) }
    const held = heldUntil(item, settings)
    if (held !== undefined) return { keep: true, result: held }
    return {
      write: { ...last, ...heldTo(until, settings) },
      expiresAt: keptUntil(settings),
      result: undefined,
    }
  })
  if (taken.result !== undefined) return taken.result
  const write = writerOf(settings, key, taken.version)
  const before = last
  const after = newer(before, { ...version, ids: [], dead: [] })
  const remember = (ids: readonly string[]) => [...ids.filter((other) => other !== id), id].slice(-RING)
  return {
    kind: 'acquired',
    owned: {
      name: 'claim',
      complete: () =>
        write({
          ...after,
          ids: remember(before.ids),
          dead: before.dead.filter((other) => other !== id),
          state: 'free',
        }),
      bury: () => write({ ...after, ids: before.ids, dead: remember(before.dead), state: 'free' }),
      extend: (moment) => write({ ...before, ...heldTo(moment, settings) }),
      release: () => write({ ...before, state: 'free' }),
    },
  }
}

/** A lane with versions of several clocks is one of published events, whose versions are times. */
function momentOf(version: Version): Moment {
  return { version, at: version.max / 1_000 }
}

function lastOf(item: StateItem | undefined): Last {
  if (item === undefined) return NEVER
  const { min, max, clock, ids, dead } = item.value
  const version = { min: Number(min), max: Number(max), ...(typeof clock === 'string' ? { clock } : {}) }
  return { ...version, ids: textsIn(ids), dead: textsIn(dead) }
}

/**
 * The mark of two versions never goes back: each end of its interval is the later one. Of a microsecond that was handled, and a
 * millisecond that may have come before it, the microsecond still tells what is surely older.
 */
function newer(a: Last, b: Last): Last {
  const [ids, dead] = [
    [...a.ids, ...b.ids],
    [...a.dead, ...b.dead],
  ]
  if (a === NEVER) return { ...b, ids, dead }
  if (b === NEVER) return { ...a, ids, dead }
  if (a.clock !== b.clock) return { ...(b.max >= a.max ? b : a), ids, dead }
  return { ...b, min: Math.max(a.min, b.min), max: Math.max(a.max, b.max), ids, dead }
}
