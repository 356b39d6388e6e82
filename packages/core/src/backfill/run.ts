/**
 * Owns how far a backfill has come, in the state store: a run that was killed goes on, and repeats one page of each segment at most.
 *
 * ```
 *   (none) ── begun ──> 0 … n segments, each: page ── its records done or kept ── cursor kept ── page … ── done ──> all done
 * ```
 */

import { SpaceshipError } from '../errors.ts'
import type { StateStore } from '../ports/index.ts'
import { backfillKey, change, segmentKey } from '../state/index.ts'

/** What a run is of. */
export interface RunAbout {
  readonly reactor: string
  readonly table: string
  readonly routes: readonly string[]
  readonly segments: number
}

export interface Progress {
  readonly cursor: string | undefined
  readonly pages: number
  readonly rows: number
  readonly done: boolean
}

/** How far a segment has come, and as which version of its item. */
export interface Standing extends Progress {
  readonly version: string | undefined
}

export interface RunState {
  /** Tells this run from others of its name, before it and after. */
  readonly token: string
  /** What the run is of: as it began, if it has begun before. */
  readonly about: RunAbout
  standing(segment: number): Promise<Standing>
  /** @throws SpaceshipError `backfill-taken` if another process runs it */
  keep(segment: number, progress: Progress, version: string | undefined): Promise<Standing>
}

/**
 * Begins a run, or goes on with it.
 *
 * @throws SpaceshipError `backfill-other` for a run that was begun for something else
 */
export async function openRun(
  state: StateStore,
  application: string,
  run: string,
  asked: RunAbout,
  now: Date,
): Promise<RunState> {
  const key = backfillKey(application, run)
  const begun = { ...asked, startedAt: now.toISOString(), token: crypto.randomUUID().slice(0, 8) }
  const { result: found } = await change(state, key, (item) =>
    item === undefined ? { write: begun, result: begun } : { keep: true, result: item.value },
  )
  const result = aboutIn(found)
  const reader = crypto.randomUUID().slice(0, 8)
  const differs = (['reactor', 'table'] as const).filter((name) => result[name] !== asked[name])
  if (String(result.routes) !== String(asked.routes)) throw other(run, 'routes', result, asked)
  for (const name of differs) throw other(run, name, result, asked)
  return {
    about: result,
    // One that an earlier version has begun has none.
    token: String(Object(found).token ?? 'first'),
    standing: async (segment) => {
      const item = await state.get(segmentKey(application, run, segment))
      const { cursor, pages = 0, rows = 0, done = false } = Object(item?.value)
      return { cursor, pages, rows, done, version: item?.version }
    },
    keep: async (segment, { cursor, ...progress }, version) => {
      const value = { ...progress, reader, ...(cursor !== undefined && { cursor }) }
      const kept = await state.set(segmentKey(application, run, segment), value, { expect: version })
      if (kept.ok) return { ...progress, cursor, version: kept.version }
      // Where the answer was lost, what stands is our own.
      const stands = kept.current
      if (stands?.value.reader === reader && stands.value.pages === progress.pages)
        return { ...progress, cursor, version: stands.version }
      throw new SpaceshipError(
        'backfill-taken',
        `another process runs the backfill '${run}', too: let one of them go on, or give this one another name`,
      )
    },
  }
}

/** Forgets a run, so that it can begin anew. */
export async function forgetRun(state: StateStore, application: string, run: string): Promise<void> {
  const key = backfillKey(application, run)
  const item = await state.get(key)
  if (item === undefined) return
  for (let segment = 0; segment < aboutIn(item.value).segments; segment += 1)
    await change(state, segmentKey(application, run, segment), () => ({ remove: true, result: undefined }))
  await state.delete(key, item.version)
}

function aboutIn(value: unknown): RunAbout {
  const { reactor, table, routes, segments } = Object(value)
  return { reactor, table, routes, segments }
}

function other(run: string, name: keyof RunAbout, was: RunAbout, asked: RunAbout): SpaceshipError {
  const message = `the backfill '${run}' was begun with ${name} '${was[name]}', and is asked for with '${asked[name]}'`
  return new SpaceshipError('backfill-other', `${message}: give it another name, or begin it anew`)
}
