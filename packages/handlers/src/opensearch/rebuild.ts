/**
 * Owns how an index is made anew from its table while everything goes on.
 *
 * ```
 *   (none) ── a version is made, and written from now on ──> scanning ── all processes write it ── backfill ── it is compared ── shown
 *                                                               │ killed: the next one goes on from here, by what it has kept │
 * ```
 *
 * The old version is written, too, until somebody removes it: until then it can be shown again.
 */

import { SpaceshipError } from '@spaceship/core'
import {
  bare,
  callable,
  check,
  like,
  port,
  rebuildKey,
  required,
  type ShapesOf,
  text,
} from '@spaceship/core/adapter'
import type { Backfill, BackfillProgress } from '@spaceship/core/backfill'
import { type Clock, type StateStore, systemClock } from '@spaceship/core/ports'
import type { Comparison, IndexKeeper } from './keeper.ts'

export interface RebuildOptions {
  /** The application whose reactor keeps the index: it scopes what is remembered of the rebuild. */
  readonly application: string
  /** Where the application keeps its state. */
  readonly state: StateStore
  /** `search.keeper(index)`. */
  readonly keeper: IndexKeeper
  /** Makes the backfill, under the name of this run: of the routes that write the index. */
  readonly backfill: (run: string) => Backfill
  /** For tests. @default the system's */
  readonly clock?: Clock
}

export interface RebuildRun {
  readonly signal?: AbortSignal
  /** Told of each step, and of each page of the backfill. It must not throw. */
  readonly onProgress?: (progress: RebuildProgress) => void
  /** Shows the new version although it differs from the old one. @default false */
  readonly acceptDifferences?: boolean
}

export type RebuildProgress =
  | {
      readonly step: 'made' | 'compared' | 'shown'
      readonly version: string
      readonly comparison?: Comparison
    }
  | { readonly step: 'filling'; readonly version: string; readonly backfill: BackfillProgress }

export interface RebuildResult {
  readonly version: string
  /** False if the signal ended it: the next run goes on. */
  readonly complete: boolean
  readonly rows: number
  /** Against the version that was searched before; undefined if there was none. */
  readonly comparison: Comparison | undefined
}

export const REBUILD = {
  options: bare({
    application: required(text('the name of the application')),
    state: required(port('get', 'a StateStore')),
    keeper: required(
      like('what search.keeper(index) answers', (given) => callable.fits(Object(given).compare)),
    ),
    backfill: required(callable),
    clock: port('sleep', 'a Clock'),
  } satisfies ShapesOf<RebuildOptions>),
}

/** What is under way when two versions are compared settles within so many looks, a second apart. */
const LOOKS = 15

export interface Rebuild {
  /**
   * Runs it to its end, or goes on where an earlier one was cut off.
   *
   * @throws SpaceshipError `rebuild-differs` if the new version is not like the old one; what a backfill throws
   */
  run(options?: RebuildRun): Promise<RebuildResult>
}

/**
 * A rebuild of an index that Spaceship keeps. Running workers and functions write both versions from a few seconds after it began, without
 * a deploy; the scan of the table begins only then.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const reactor = onboarding(deps())
 * const rebuild = createRebuild({
 *   application: 'onboarding',
 *   state,
 *   keeper: search.keeper(clients),
 *   backfill: (run) => createBackfill({ application: 'onboarding', reactor, state, deadLetters, scanner, run }),
 * })
 * await rebuild.run()
 */
export function createRebuild(options: RebuildOptions): Rebuild {
  check('createRebuild', REBUILD, { options })
  const { application, state, keeper, backfill, clock = systemClock } = options
  const { name, hash } = keeper.index
  const key = rebuildKey(application, name)

  /** A rebuild that was cut off; else a new one, which is remembered before its version is made. */
  async function begun(): Promise<{ readonly version: string; readonly run: string }> {
    const item = await state.get(key)
    const versions = await keeper.list()
    const there = new Set(versions.map(({ version }) => version))
    const { stage, version: known, run: kept } = Object(item?.value)
    // Of a version that somebody has removed nothing was filled; one of another definition is not what is asked for now.
    const isOfNow = known === hash || String(known).startsWith(`${hash}-`)
    if (stage === 'scanning' && there.has(known) && isOfNow) return { version: known, run: kept }
    let version = hash
    for (let n = 2; there.has(version); n += 1) version = `${hash}-${n}`
    const run = `rebuild/${name}/${version}/${crypto.randomUUID()}`
    const written = await state.set(key, { version, run, stage: 'scanning' }, { expect: item?.version })
    if (!written.ok) return begun()
    // Nobody will fill it, and each change would be written into it for ever. One that is searched was shown just before its process was killed.
    const isLeft = versions.some((one) => one.version === known && !one.live)
    if (stage === 'scanning' && isLeft) await keeper.remove(known)
    return { version, run }
  }

  async function shown(version: string): Promise<void> {
    await keeper.show(version)
    const item = await state.get(key)
    // Another one may have begun since.
    if (item?.value.version === version)
      await state.set(key, { ...item.value, stage: 'shown' }, { expect: item.version })
  }

  async function compared(before: string, after: string, signal: AbortSignal): Promise<Comparison> {
    for (let look = 1; ; look += 1) {
      const comparison = await keeper.compare(before, after)
      if (!differs(comparison) || look === LOOKS || signal.aborted) return comparison
      await clock.sleep(1_000, signal)
    }
  }

  return {
    run: async ({
      signal = new AbortController().signal,
      onProgress = () => {},
      acceptDifferences = false,
    } = {}) => {
      const { version, run } = await begun()
      const live = (await keeper.list()).find((one) => one.live && one.version !== version)
      await keeper.make(version)
      onProgress({ step: 'made', version })
      // From here on whatever becomes done is in it.
      await clock.sleep(keeper.settling, signal)
      const cut = { version, complete: false, rows: 0, comparison: undefined }
      if (signal.aborted) return cut
      const filling = backfill(run)
      const { complete, rows } = await filling.run({
        signal,
        onProgress: (progress) => onProgress({ step: 'filling', version, backfill: progress }),
      })
      if (!complete) return { ...cut, rows }
      const comparison = live && (await compared(live.version, version, signal))
      if (comparison !== undefined) {
        onProgress({ step: 'compared', version, comparison })
        if (differs(comparison) && !acceptDifferences) throw tooDifferent(name, comparison)
      }
      await shown(version)
      onProgress({ step: 'shown', version })
      return { version, complete, rows, comparison }
    },
  }
}

/** A count that lies between two of the other version, one before it and one after it, is that of the same documents. */
function differs({ counts: [before, after], moved, differing }: Comparison): boolean {
  const [least, most] = [Math.min(before, before + moved), Math.max(before, before + moved)]
  return after < least || after > most || differing.length > 0
}

function tooDifferent(
  name: string,
  { counts: [before, after], sampled, differing }: Comparison,
): SpaceshipError {
  const found = `the new version of '${name}' has ${after} documents and the old one ${before}; of ${sampled} that were looked for, ${differing.length} are missing there, or older`
  const advice =
    'look at the dead letters of the backfill, and at what the old one holds that the table does not; then run the rebuild once more, and accept the differences if they are right'
  return new SpaceshipError('rebuild-differs', `${found}: ${advice}`)
}
