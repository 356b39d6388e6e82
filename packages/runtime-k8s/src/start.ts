/**
 * Owns the checks before a worker starts: its streams, its lease table and the ports of its engine are asked at the same time, each once.
 *
 * ```
 *  ask all ──┬─ all well ─────────────────────────────────> join the fleet
 *            ├─ a set-up is wrong ────────────────────────> fail, with everything that is wrong
 *            └─ something is down ─ say so ─ wait longer ─> ask again what was not well; after `maxPause` say so at `error`
 *  no answer within 5 s: say so, and go on waiting; within 30 s: it is down, and asked again
 * ```
 */

import { codeOf, Unavailable } from '@spaceship/core'
import { inTime, refuse, setUpOf } from '@spaceship/core/adapter'
import { type Checked, checked, type Engine } from '@spaceship/core/engine'
import { errorFields } from '@spaceship/core/log'
import { classified } from '@spaceship/handlers/aws'
import type { StreamId } from './leases/index.ts'
import type { WorkerSettings } from './options.ts'
import { unlessAborted } from './patience.ts'
import { checkStream } from './shards/index.ts'

/** How long a check may be without an answer before that is told. */
const PATIENCE = 5_000
const SHORTEST = 500
const LONGEST = 10_000

/** After which a question is asked again. */
const ANSWER = 30_000

/**
 * Resolves when everything could be used and `join` has succeeded, or when the signal is aborted.
 *
 * @param join what follows on the checks; it may be repeated
 * @throws ConfigurationError that lists everything that is wrong; and what `join` throws, but for outages
 */
export async function startUp(
  engine: Engine,
  settings: WorkerSettings,
  signal: AbortSignal,
  join: (identities: ReadonlyMap<string, StreamId>) => Promise<void>,
): Promise<void> {
  const { clock, logger, maxPause, random } = settings
  const told = new Set<unknown>()
  const alarmed = new Set<unknown>()
  const began = clock.monotonic()
  const identities = new Map<string, StreamId>()
  const asks = asksOf(settings, identities, signal)
  for (let wait = SHORTEST; !signal.aborted; wait = Math.min(LONGEST, wait * 2)) {
    const answer = await unlessAborted(
      tellingOfSilence(ask(engine, settings, asks, signal), settings, signal),
      signal,
    )
    if (answer === undefined) return
    const { problems, outages, notes } = answer
    // Told at `warn`: a name that is misspelt makes another table.
    for (const note of new Set(notes)) if (!told.has(note)) logger.warn(note)
    for (const note of notes) told.add(note)
    refuse(`worker of '${settings.application}' cannot start`, problems)
    const down =
      outages.length > 0
        ? outages
        : await unlessAborted(
            outagesOf(() => join(identities)),
            signal,
          )
    if (down === undefined || down.length === 0) return
    for (const error of down) {
      const { dependency } = Object(error)
      const waitedMs = Math.round(clock.monotonic() - began)
      // Nobody else would say that a new pod does nothing.
      const isAlarm = waitedMs > maxPause && !alarmed.has(dependency)
      if (isAlarm) alarmed.add(dependency)
      // Once for each: the worker is quiet while it waits.
      const level = isAlarm ? 'error' : told.has(dependency) ? 'debug' : 'warn'
      const details = { waitedMs }
      logger[level]('the start waits for what is down', { dependency, error: errorFields(error), details })
      told.add(dependency)
    }
    // Workers of a fleet that start at one moment come back at many.
    await clock.sleep(2 * random() * wait, signal)
  }
}

/** What was well a moment ago may be throttled now. */
async function outagesOf(join: () => Promise<void>): Promise<readonly unknown[]> {
  try {
    await join()
    return []
  } catch (error) {
    const about = { dependency: 'aws', resource: 'streams and the lease table', actions: [] }
    const meaning = classified(about, error)
    if (codeOf(error) === 'no-answer') return [unanswered('aws', error)]
    if (codeOf(meaning) !== 'unavailable' || setUpOf(meaning) !== undefined) throw error
    return [meaning]
  }
}

function unanswered(dependency: string, cause: unknown): Unavailable {
  return new Unavailable(dependency, `${dependency} does not answer`, { cause })
}

type Asks = Readonly<Record<string, () => Promise<string | undefined>>>

/** What is asked beside the engine. Of a large fleet each is throttled at first: what is well is not asked again, or there would be ever more to throttle. */
function asksOf(
  { clock, kinesis, leases, random, streams }: WorkerSettings,
  identities: Map<string, StreamId>,
  signal: AbortSignal,
): Asks {
  const ours = streams.map(({ stream }, n) => {
    const identified = async () => {
      identities.set(stream, await checkStream(kinesis, stream, random))
      return undefined
    }
    return [`streams[${n}]`, untilWell('kinesis', identified)] as const
  })
  return { ...Object.fromEntries(ours), leases: untilWell('dynamodb', () => leases.check()) }

  function untilWell<T>(dependency: string, ask: () => Promise<T>): () => Promise<T> {
    let well: Promise<T> | undefined
    return () => {
      well ??= inAnswer(dependency, ask, clock, signal).catch((error: unknown) => {
        well = undefined
        throw error
      })
      return well
    }
  }
}

/** Whose client has no time-out of its own may never answer one question, and answers the next one. @throws Unavailable if there is no answer */
async function inAnswer<T>(
  dependency: string,
  ask: () => Promise<T>,
  clock: WorkerSettings['clock'],
  signal: AbortSignal,
): Promise<T> {
  const late = `there was no answer within ${ANSWER} ms`
  try {
    return await inTime(ask, { within: ANSWER, clock, late, signal })
  } catch (error) {
    throw codeOf(error) === 'no-answer' ? unanswered(dependency, error) : error
  }
}

async function ask(
  engine: Engine,
  { clock }: WorkerSettings,
  asks: Asks,
  signal: AbortSignal,
): Promise<Checked> {
  const down = (error: unknown): Checked => ({ problems: [], outages: [error], notes: [] })
  const ours = Object.fromEntries(Object.entries(asks).map(([name, asked]) => [name, asked()]))
  const all = await Promise.all([
    // It rejects if there is no answer, and for nothing else.
    inAnswer('port', () => engine.check(), clock, signal).catch(down),
    checked(ours),
  ])
  return {
    problems: all.flatMap(({ problems }) => problems),
    outages: all.flatMap(({ outages }) => outages),
    notes: [...all.flatMap(({ notes }) => notes), ...notesOn(engine.routes)],
  }
}

/** What is to be said of schedules. */
function notesOn(routes: Engine['routes']): readonly string[] {
  return routes.flatMap(({ key, schedule }) => {
    const windows = schedule?.windows
    const note = typeof windows === 'object' ? windows.note : undefined
    return note === undefined ? [] : [`the route '${key}': ${note}`]
  })
}

async function tellingOfSilence(
  asking: Promise<Checked>,
  { clock, logger }: WorkerSettings,
  signal: AbortSignal,
): Promise<Checked> {
  const answered = new AbortController()
  const over = AbortSignal.any([answered.signal, signal])
  void clock.sleep(PATIENCE, over).then(() => {
    if (!over.aborted)
      logger.warn('the start waits for an answer of its streams, lease table or stores', {
        details: {
          advice: 'look at the endpoints, the Region and the network of the clients',
          waitedMs: PATIENCE,
        },
      })
  })
  const found = await asking
  answered.abort()
  return found
}
