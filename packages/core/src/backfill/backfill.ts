/**
 * Owns a backfill: the rows of a table go through routes of a reactor, beside live traffic, as `saved` events marked `backfill`. It is a
 * runtime like the others: it feeds an engine, and keeps how far it has come.
 *
 * ```
 *   scanner ── page ── records, dated early ── engine ── done or kept ── cursor ── next page
 *      ^                                                                             │
 *      └───────────────── when the pace allows: by the capacity that was taken <─────┘
 * ```
 */

import type { Reactor } from '../declare/reactor.ts'
import { REACTOR } from '../engine/options.ts'
import { createEngine, describe, ENGINE_OPTIONS, type Engine, type EngineOptions } from '../engine.ts'
import { refuse, SpaceshipError } from '../errors.ts'
import { isOutage, persistently } from '../outage.ts'
import { systemClock, type TableScanner } from '../ports/index.ts'
import {
  bare,
  callable,
  check,
  closed,
  count,
  flag,
  like,
  list,
  port,
  required,
  type ShapesOf,
  text,
  unknownProblems,
} from '../shapes.ts'
import type { Position, StreamRecord } from '../wire/index.ts'
import { createPace } from './pace.ts'
import { recordsOf } from './record.ts'
import { chosenRoutes } from './routes.ts'
import { forgetRun, openRun } from './run.ts'

export interface BackfillOptions extends Omit<EngineOptions, 'reactors'> {
  /** The one whose routes get the rows. */
  readonly reactor: Reactor
  /** Where the rows are read: `dynamodbScanner({ client })`. */
  readonly scanner: TableScanner
  /** The table. @default that of the routes */
  readonly table?: string
  /** Ids of the routes that get each row. @default those on `saved` events whose handlers are idempotent */
  readonly routes?: readonly string[]
  /** Names the run: one that was cut off goes on under its name. @default the reactor's and the table's names */
  readonly run?: string
  /** Segments of the table that are read at the same time. A run keeps what it was begun with. @default 4 */
  readonly segments?: number
  /** Read units a second at most, by what the table counts. @default as fast as the reactor takes the rows */
  readonly unitsPerSecond?: number
}

export interface BackfillProgress {
  /** Of the run, those of earlier processes too. */
  readonly rows: number
  /** Of this process. */
  readonly pages: number
  readonly units: number
  readonly rowsPerSecond: number
  /** About how many rows the table has; undefined if that cannot be told. */
  readonly size: number | undefined
  /** By the rate so far; undefined if the size is not known. */
  readonly secondsLeft: number | undefined
  /** Rows of which a route was given up and kept as a dead letter, by this process: those of earlier ones stand in the store alone. */
  readonly deadLetters: number
}

export interface BackfillResult extends BackfillProgress {
  /** False if the signal ended it: the next run of the name goes on. */
  readonly complete: boolean
}

export interface RunOptions {
  /** Starts no page more once it is aborted, and leaves what is under way to the next run. */
  readonly signal?: AbortSignal
  /** Told after each page. It must not throw. */
  readonly onProgress?: (progress: BackfillProgress) => void
  /** Forgets how far an earlier run of the name has come. @default false */
  readonly anew?: boolean
}

export interface Backfill {
  readonly table: string
  /** Ids of the routes that get each row. */
  readonly routes: readonly string[]
  /**
   * Runs it to its end.
   *
   * @throws ConfigurationError if a port is not set up; SpaceshipError `backfill-other`, `backfill-taken`, `backfill-halted`
   */
  run(options?: RunOptions): Promise<BackfillResult>
}

export const BACKFILL = {
  options: bare({
    ...ENGINE_OPTIONS,
    reactor: required(REACTOR),
    scanner: required(port('page', 'a TableScanner, for instance dynamodbScanner(...)')),
    table: text('the name of a DynamoDB table'),
    routes: list(text('the id of a route'), 'ids of routes', 1),
    run: text('a name for the run'),
    segments: count(1, 1_000_000),
    unitsPerSecond: count(1),
  }),
}

export const RUN = {
  options: closed({
    signal: like('an AbortSignal', (signal) => typeof Object(signal).aborted === 'boolean'),
    onProgress: callable,
    anew: flag,
  } satisfies ShapesOf<RunOptions>),
}

/** Milliseconds for which a page may wait for its rows before they are handed over again. */
const PATIENCE = 600_000

/**
 * A backfill of a reactor from a table, beside live traffic: what is changed meanwhile wins, since a row is dated five minutes before it was
 * read, and entities with a `version` bring their own.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const reactor = onboarding(deps())
 * const backfill = createBackfill({ application: 'onboarding', reactor, state, deadLetters, scanner, unitsPerSecond: 500 })
 * const { rows } = await backfill.run({ onProgress: ({ secondsLeft }) => console.log(secondsLeft) })
 */
export function createBackfill(options: BackfillOptions): Backfill {
  check('createBackfill', BACKFILL, { options }, () => unknownProblems(BACKFILL.options, options))
  const { reactor, scanner, segments = 4, unitsPerSecond, ...engineOptions } = options
  const { routes: wanted, table: named, run: name, clock = systemClock, ...engineOwn } = engineOptions
  const choice = chosenRoutes({ reactor, described: describe(reactor), table: named, wanted })
  if (isProblems(choice)) refuse('createBackfill', choice)
  // Safe: what are problems was thrown.
  const chosen = choice as Exclude<typeof choice, readonly string[]>
  const { routes, table, key } = chosen
  const run = name ?? `${reactor.name}/${table}`
  let letters = 0
  const engine = createEngine({
    ...engineOwn,
    clock,
    reactors: [chosen.reactor],
    observe: (step, record) => {
      if (step.step === 'dead-letter' || step.step === 'parked') letters += 1
      options.observe?.(step, record)
    },
  })
  const { state, application } = options

  return {
    table,
    routes,
    run: async (given = {}) => {
      check('backfill.run', RUN, { options: given })
      const { signal = new AbortController().signal, onProgress, anew = false } = given
      const { problems, notes } = await engine.check()
      for (const note of notes) engine.logger.warn(note)
      refuse(`the backfill '${run}'`, problems)
      if (anew) await forgetRun(state, application, run)
      const about = { reactor: reactor.name, table, routes, segments }
      const opened = await openRun(state, application, run, about, new Date(clock.now()))
      const size = await persistently(() => scanner.size(table), clock, signal)
      const pace = createPace(unitsPerSecond, clock)
      const began = clock.monotonic()
      const stop = new AbortController()
      const ended = AbortSignal.any([signal, stop.signal])
      const sums = { rows: 0, fresh: 0, pages: 0, units: 0 }

      function progress(): BackfillProgress {
        const { rows, pages, units, fresh } = sums
        const rowsPerSecond = fresh / Math.max(0.001, (clock.monotonic() - began) / 1_000)
        const left =
          size === undefined ? undefined : Math.max(0, size - rows) / Math.max(rowsPerSecond, 0.001)
        return { rows, pages, units, rowsPerSecond, size, secondsLeft: left, deadLetters: letters }
      }

      async function segmentDone(segment: number): Promise<boolean> {
        try {
          return await segmentRead(segment)
        } catch (error) {
          // What is out as somebody ends the run is no failure of it.
          if (signal.aborted && isOutage(error)) return false
          throw error
        }
      }

      async function segmentRead(segment: number): Promise<boolean> {
        let at = await opened.standing(segment)
        sums.rows += at.rows
        while (!at.done) {
          const turn = await pace.turn(ended)
          if (ended.aborted) return false
          // By the clock of the store, as far as it is known: changes are dated by AWS.
          const readAt = clock.now() + (state.clockOffset?.() ?? 0)
          const { limit } = turn
          const { cursor } = at
          const where = { segment, segments: opened.about.segments, limit, ...(cursor && { cursor }) }
          const page = await persistently(() => scanner.page(table, where), clock, ended)
          turn.took(page.units, page.items.length)
          const records = recordsOf(page.items, { table, key }, readAt, at.pages)
          const shard = `segment-${segment}/${opened.token}`
          if (!(await handled(engine, `backfill/${run}`, shard, records, ended))) return false
          const rows = at.rows + records.length
          const next = { cursor: page.cursor, pages: at.pages + 1, rows, done: page.cursor === undefined }
          const { version } = at
          at = await persistently(() => opened.keep(segment, next, version), clock, ended)
          sums.rows += records.length
          sums.fresh += records.length
          sums.pages += 1
          sums.units += page.units
          onProgress?.(progress())
        }
        return true
      }

      const all = Array.from({ length: opened.about.segments }, (_, segment) => segmentDone(segment))
      try {
        const complete = (await Promise.all(all)).every(Boolean)
        return { ...progress(), complete }
      } catch (error) {
        stop.abort(error)
        await Promise.allSettled(all)
        throw error
      }
    },
  }

  /** Hands over the records of a page until each is done or kept. False if the signal came first. */
  async function handled(
    engine: Engine,
    stream: string,
    shard: string,
    records: readonly StreamRecord[],
    signal: AbortSignal,
  ): Promise<boolean> {
    for (let left = records; left.length > 0; ) {
      if (signal.aborted) return false
      const delivery = await engine.open({ stream, shard, redelivers: 'suffix' })
      const aborted = Promise.withResolvers<readonly Position[]>()
      // A process that ends in order did not die of what it leaves: what is done of it is kept, and nobody is charged.
      const end = () => {
        delivery.settle(new Date(clock.now())).then(aborted.resolve, aborted.reject)
      }
      signal.addEventListener('abort', end, { once: true })
      try {
        const pushed = delivery.push(left)
        // Its error is told below, once what was taken has settled.
        pushed.catch(() => {})
        const settled = delivery.settle(new Date(clock.now() + PATIENCE))
        const [first] = await Promise.race([settled, aborted.promise])
        await pushed
        if (first === undefined) return true
        if (delivery.waitsFor === 'halt') throw halted(run)
        left = left.slice(left.findIndex(({ sequence }) => sequence === first.sequence))
      } catch (error) {
        if (signal.aborted) return false
        throw error
      } finally {
        signal.removeEventListener('abort', end)
      }
    }
    return true
  }
}

/** Nobody acts on a run that waits; the next one goes on with the row's page. */
function halted(run: string): SpaceshipError {
  const advice =
    "mend the handler or the row, and run it again: it goes on with the row's page; or take 'dead-letter' as 'whenExhausted'"
  return new SpaceshipError(
    'backfill-halted',
    `the backfill '${run}' has halted at a row that failed for good, as the log says: ${advice}`,
  )
}

function isProblems(choice: object): choice is readonly string[] {
  return Array.isArray(choice)
}
