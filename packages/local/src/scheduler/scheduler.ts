/**
 * The life of a schedule. Each create or update starts a new *generation*; what an older one still does has no effect on it.
 *
 * ```
 * create, update --> waiting --(due)--> putting --(accepted, or given up)--> gone (DELETE) or done (NONE)
 *                    |  ^  |              |   ^
 *                    |  +--+ due again    +---+ put failed: again, with backoff
 *                    +--(update, delete, close)--> superseded
 * ```
 *
 * A schedule that is due again waits for no put of before. One that was due while nobody ran it is due once at the start, for the
 * first of the times that were missed.
 *
 * A delete that comes while the record is being put cannot take it back: as with the real service, whoever reads the record
 * must check that it is still wanted.
 */
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '@spaceship/core/ports'
import { NO_SHELF, type Shelf } from '../data/index.ts'
import { decoded, json, parsed, type Reply, serve } from '../http/index.ts'
import { readSchedule, renderInput, type Schedule, scheduleArn } from './schedule.ts'

export interface StreamPut {
  readonly stream: string
  readonly partitionKey: string
  readonly data: string
}

export interface SchedulerOptions {
  /** Puts the record of a due schedule. Called again, with backoff, until it succeeds or the retry policy gives up. */
  readonly put: (record: StreamPut) => Promise<unknown>
  /** @default chosen by the system */
  readonly port?: number
  /** @default the system's clock */
  readonly clock?: Pick<Clock, 'now' | 'sleep'>
  /** How many times faster than in reality a schedule becomes due, counted from when it was created or updated. @default 1 */
  readonly timeScale?: number
  /** Keeps the schedules. @default they are gone with the process */
  readonly shelf?: Shelf
}

export interface Scheduler extends AsyncDisposable {
  readonly url: string
  /** What waits or is being put, each with its soonest time, soonest first. */
  readonly pending: readonly { readonly name: string; readonly due: Date }[]
  close(): Promise<void>
}

/** What lies on the shelf of a schedule. */
interface Kept {
  /** As CreateSchedule or UpdateSchedule gave them. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly created: number
  readonly modified: number
  readonly clientToken?: string
  /** The last time that is dealt with. */
  readonly done?: number
}

interface Entry {
  readonly schedule: Schedule
  kept: Kept
  /** Aborted when the entry is superseded. */
  readonly superseded: AbortController
  /** Undefined once it is never due any more. */
  due: number | undefined
  /** Times that it was due and whose record is not put yet. */
  readonly putting: Set<number>
}

const FIRST_BACKOFF = 50
const LONGEST_BACKOFF = 5_000
const MOST_PUTS = 100

/**
 * EventBridge Scheduler on this machine, for its official client: schedules with a Kinesis target, once (`at`) or again and again
 * (`rate`, `cron`), in their time zone, between their start and end. It may fire late, never early; what was due in the past fires at once.
 * Everything else is refused with a `ValidationException`.
 *
 * @example
 * import { SchedulerClient } from '@aws-sdk/client-scheduler'
 * await using scheduler = await startScheduler({ put: async ({ stream, data }) => console.log(stream, data) })
 * const client = new SchedulerClient({ endpoint: scheduler.url, region: 'us-east-1' })
 */
export async function startScheduler({
  put,
  port,
  clock = systemClock,
  timeScale = 1,
  shelf = NO_SHELF,
}: SchedulerOptions): Promise<Scheduler> {
  const entries = new Map<string, Entry>()
  const running = new Set<Promise<void>>()

  function track(work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => running.delete(tracked))
    running.add(tracked)
    return tracked
  }

  async function run(entry: Entry): Promise<void> {
    const { schedule, superseded, kept } = entry
    const { modified } = kept
    const { signal } = superseded
    const puts = new Set<Promise<void>>()
    // In the time of the schedule, which may pass faster than here.
    const begun = modified + Math.max(0, clock.now() - modified) * timeScale
    for (
      let due = firstOf(schedule, kept);
      due !== undefined && !signal.aborted;
      due = schedule.times.next(Math.max(due, begun))
    ) {
      entry.due = due
      const dueHere = modified + Math.max(0, due - modified) / timeScale
      while (clock.now() < dueHere && !signal.aborted) await clock.sleep(dueHere - clock.now(), signal)
      if (signal.aborted) return
      const delivered = track(deliver(entry, due)).finally(() => puts.delete(delivered))
      puts.add(delivered)
      // One that is due faster than it can be put must not take all the time there is.
      if (puts.size >= MOST_PUTS) await Promise.race(puts)
    }
    entry.due = undefined
    await Promise.all(puts)
    if (schedule.deleteWhenDone && isCurrent(entry)) forget(schedule.name)
  }

  async function deliver(entry: Entry, due: number): Promise<void> {
    const { schedule, superseded, putting } = entry
    const { signal } = superseded
    const { stream, partitionKey, retry } = schedule
    const id = randomUUID()
    const began = clock.now()
    let backoff = FIRST_BACKOFF
    putting.add(due)
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await put({ stream, partitionKey, data: renderInput(schedule, { due, id, attempt }) })
        break
      } catch {
        if (attempt > retry.attempts || clock.now() - began >= retry.age) break
        await clock.sleep(backoff, signal)
        backoff = Math.min(backoff * 2, LONGEST_BACKOFF)
      }
    }
    putting.delete(due)
    const isFirst = ![...putting].some((other) => other < due)
    if (!signal.aborted && isFirst && isCurrent(entry)) keep(entry, { ...entry.kept, done: due })
  }

  function isCurrent(entry: Entry): boolean {
    return entries.get(entry.schedule.name) === entry
  }

  function keep(entry: Entry, kept: Kept): void {
    entry.kept = kept
    shelf.set(entry.schedule.name, kept)
  }

  function forget(name: string): void {
    entries.delete(name)
    shelf.delete(name)
  }

  function begin(schedule: Schedule, kept: Kept): Entry {
    const superseded = new AbortController()
    const due = firstOf(schedule, kept)
    const entry = { schedule, kept, superseded, due, putting: new Set<number>() }
    entries.set(schedule.name, entry)
    // Never rejects: what a put throws is waited out.
    if (schedule.enabled) void track(run(entry))
    return entry
  }

  /** What an earlier launch kept. */
  function resume(): void {
    for (const [name, value] of shelf.all()) {
      // Safe: nothing but what `keep` sets lies on this shelf.
      const kept = value as Kept
      const schedule = readSchedule(name, kept.fields, kept.modified)
      if (!('problems' in schedule)) begin(schedule, kept)
    }
  }

  function store(schedule: Schedule, fields: Kept['fields'], clientToken: string | undefined): Reply {
    const former = entries.get(schedule.name)
    former?.superseded.abort()
    const modified = clock.now()
    const created = former?.kept.created ?? modified
    const kept = { fields, created, modified, ...(clientToken !== undefined && { clientToken }) }
    keep(begin(schedule, kept), kept)
    return json(200, { ScheduleArn: scheduleArn(schedule.name) })
  }

  function write(name: string, mustExist: boolean, body: Buffer): Reply {
    const fields = parse(body)
    if (fields === undefined)
      return refusal(400, 'ValidationException', 'The request body is not a JSON object.')
    const { GroupName: group = 'default', ClientToken: token } = fields
    if (group !== 'default') return missingGroup(String(group))
    const schedule = readSchedule(name, fields, clock.now())
    if ('problems' in schedule) return refusal(400, 'ValidationException', schedule.problems.join(' '))
    const former = entries.get(name)
    if (mustExist && !former) return missing(name)
    const clientToken = typeof token === 'string' ? token : undefined
    if (!mustExist && former) {
      // The client repeats a request whose answer was lost, with the token of the first.
      if (clientToken !== undefined && former.kept.clientToken === clientToken)
        return json(200, { ScheduleArn: scheduleArn(name) })
      return refusal(409, 'ConflictException', `Schedule ${name} already exists.`)
    }
    return store(schedule, fields, clientToken)
  }

  function remove(name: string): Reply {
    const entry = entries.get(name)
    if (!entry) return missing(name)
    entry.superseded.abort()
    forget(name)
    return json(200, {})
  }

  function list(query: URLSearchParams): Reply {
    const limit = Number(query.get('MaxResults') ?? 100)
    if (!Number.isInteger(limit) || limit < 1 || limit > 100)
      return refusal(400, 'ValidationException', 'MaxResults must be a number from 1 to 100.')
    const wanted = query.get('State')
    if (wanted !== null && wanted !== 'ENABLED' && wanted !== 'DISABLED')
      return refusal(400, 'ValidationException', 'State must be ENABLED or DISABLED.')
    const after = query.get('NextToken') ?? ''
    const matching = [...entries.values()]
      .filter(
        ({ schedule }) => schedule.name.startsWith(query.get('NamePrefix') ?? '') && schedule.name > after,
      )
      .filter(({ schedule }) => (wanted ?? schedule.description.State) === schedule.description.State)
      .sort((one, other) => (one.schedule.name < other.schedule.name ? -1 : 1))
    const page = matching.slice(0, limit)
    const next = matching.length > page.length ? page.at(-1)?.schedule.name : undefined
    return json(200, { Schedules: page.map(summary), ...(next === undefined ? {} : { NextToken: next }) })
  }

  const server = await serve(
    ({ method, path, query, body }) => {
      const group = query.get('groupName') ?? query.get('ScheduleGroup') ?? 'default'
      if (group !== 'default') return missingGroup(group)
      if (method === 'GET' && path === '/schedules') return list(query)
      const [, encoded] = /^\/schedules\/([^/]+)$/.exec(path) ?? []
      const name = encoded === undefined ? undefined : decoded(encoded)
      if (name !== undefined && method === 'POST') return write(name, false, body)
      if (name !== undefined && method === 'PUT') return write(name, true, body)
      if (name !== undefined && method === 'DELETE') return remove(name)
      if (name !== undefined && method === 'GET') {
        const entry = entries.get(name)
        return entry
          ? json(200, { ...entry.schedule.description, Arn: scheduleArn(name), ...dates(entry) })
          : missing(name)
      }
      return refusal(
        400,
        'ValidationException',
        `${method} ${path} is not supported: the embedded scheduler is a stand-in that knows schedules only.`,
      )
    },
    port === undefined ? {} : { port },
  )

  resume()

  async function close(): Promise<void> {
    for (const { superseded } of entries.values()) superseded.abort()
    await server.close()
    await Promise.all(running)
  }

  return {
    url: server.url,
    get pending() {
      return [...entries.values()]
        .filter(({ schedule }) => schedule.enabled)
        .flatMap(({ schedule: { name }, due, putting }) => {
          const soonest = [...putting, ...(due === undefined ? [] : [due])].sort(
            (one, other) => one - other,
          )[0]
          return soonest === undefined ? [] : [{ name, due: new Date(soonest) }]
        })
        .sort((one, other) => one.due.getTime() - other.due.getTime())
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The soonest time that is not dealt with. */
function firstOf({ times }: Schedule, { done }: Kept): number | undefined {
  return done === undefined ? times.first : times.next(done)
}

const dates = ({ kept: { created, modified } }: Entry) => ({
  CreationDate: created / 1000,
  LastModificationDate: modified / 1000,
})

function summary(entry: Entry) {
  const { name, description } = entry.schedule
  const target = { Arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${entry.schedule.stream}` }
  return {
    Name: name,
    GroupName: 'default',
    Arn: scheduleArn(name),
    State: description.State,
    Target: target,
    ...dates(entry),
  }
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value = parsed(body.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

const refusal = (status: number, type: string, message: string) =>
  json(status, { Message: message }, { 'x-amzn-errortype': type })
const missing = (name: string) =>
  refusal(404, 'ResourceNotFoundException', `Schedule ${name} does not exist.`)
const missingGroup = (name: string) =>
  refusal(404, 'ResourceNotFoundException', `Schedule group ${name} does not exist.`)
