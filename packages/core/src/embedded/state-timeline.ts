/**
 * Owns a timeline in a state store. An execution is one item, whose version decides who claims, removes or ends it; a second item, its
 * standing, stands in the order of time, where a claim finds it. Whatever dies between two writes, two rules lose nothing:
 *
 * - The standing is written after its execution, also where it stood already. Who finds a standing without execution removes it at the
 *   version that was read before, so that one which was written in between stays.
 * - An hour leaves the index when it is over, at the version that was read before the hour was found empty. Who adds writes the hour first,
 *   and once more at the end if the hour has passed by then.
 */

import type { DueExecution, Execution, Timeline } from '../ports/index.ts'
import { type Clock, type Json, type StateItem, type StateStore, systemClock } from '../ports/index.ts'
import { bare, check, keyPart, port, required, type ShapesOf } from '../shapes.ts'
import { change } from '../state/index.ts'
import { hourAfter, standing, startOf, timelineKeys } from './timeline-keys.ts'

export interface StateTimelineOptions {
  /** Of the reminders; each application has a timeline of its own. */
  readonly application: string
  /** A StateStore with `list`. */
  readonly state: StateStore
  /** @default the system's */
  readonly clock?: Clock
}

export const STATE_TIMELINE = {
  options: bare({
    application: required(keyPart(128)),
    state: required(
      port(
        'list',
        'a StateStore that lists, such as dynamodbState({ sorted: true, ... }) or redisState(...)',
      ),
    ),
    clock: port('now', 'a Clock'),
  } satisfies ShapesOf<StateTimelineOptions>),
}

/** Writes of one call that are under way at the same time. */
const TOGETHER = 25

/** How far the clocks of two processes may differ before one takes an hour for over in which the other adds. */
const SKEW = 60_000

type Page = readonly { readonly key: string; readonly item: StateItem }[]

/**
 * A Timeline in the state store that an application has anyway, if the store has `list`. An execution costs five writes in all, and each
 * claim a page of the hours and of the hour that runs.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const timeline = stateTimeline({ application: 'onboarding', state: memoryState() })
 */
export function stateTimeline(options: StateTimelineOptions): Timeline {
  check('stateTimeline', STATE_TIMELINE, { options })
  const { application, state, clock = systemClock } = options
  const keys = timelineKeys(application)

  /** All pages of a collection; the store has `list`, by its shape. */
  async function* pages(prefix: string): AsyncGenerator<Page> {
    let cursor: string | undefined
    do {
      const page = await state.list?.(prefix, cursor)
      yield page?.items ?? []
      cursor = page?.cursor
    } while (cursor !== undefined)
  }

  /** Under a new version, whatever is there. */
  const touch = (key: string) => change(state, key, () => ({ write: {}, result: undefined }))

  /** The execution as it stands, added if there is none. */
  async function written({ name, dueAt, envelope, partitionKey }: Execution): Promise<Stored> {
    const due = dueAt.getTime()
    const fresh = { due, at: Math.max(due, clock.now()), envelope, partitionKey }
    const key = keys.execution(name)
    const { result } = await change<Stored>(
      state,
      key,
      (item) =>
        item === undefined ? { write: { ...fresh }, result: fresh } : { keep: true, result: storedOf(item) },
      'absent',
    )
    return result
  }

  async function claimOne(
    { key, item }: Page[number],
    now: number,
    lease: number,
  ): Promise<DueExecution | undefined> {
    const { at, name } = standing(key)
    const execution = keys.execution(name)
    const found = await state.get(execution)
    if (found === undefined || storedOf(found).at !== at) {
      await state.delete(key, item.version)
      return undefined
    }
    const stored = storedOf(found)
    if (stored.until !== undefined && stored.until > now) return undefined
    const value = { ...found.value, until: now + lease }
    const claimed = await state.set(execution, value, { expect: found.version })
    if (!claimed.ok) return undefined
    const { due, envelope, partitionKey } = stored
    const token = JSON.stringify([at, claimed.version, item.version])
    return { execution: { name, dueAt: new Date(due), envelope, partitionKey }, token }
  }

  /** What is due in one collection, until there are enough. @returns whether nothing stands there any more */
  async function claimIn(
    bucket: string,
    due: DueExecution[],
    { now, limit, lease }: { readonly now: number; readonly limit: number; readonly lease: number },
  ): Promise<boolean> {
    let empty = true
    for await (const page of pages(bucket)) {
      const ripe = page.filter(({ key }) => standing(key).at <= now)
      if (page.length > 0) empty = false
      for (let n = 0; n < ripe.length && due.length < limit; ) {
        const some = ripe.slice(n, n + Math.min(TOGETHER, limit - due.length))
        n += some.length
        const claimed = await Promise.all(some.map((each) => claimOne(each, now, lease)))
        due.push(...claimed.filter((each) => each !== undefined))
      }
      if (due.length >= limit || ripe.length < page.length) return false
    }
    return empty
  }

  return {
    add: async (execution) => {
      const stored = await written(execution)
      // It was handed out, so it stands where it is found.
      if (stored.until !== undefined) return
      const hour = keys.hour(stored.at)
      await change(state, hour, (item) =>
        item === undefined ? { write: {}, result: undefined } : { keep: true, result: undefined },
      )
      await touch(keys.due(stored.at, execution.name))
      if (clock.now() >= hourAfter(stored.at)) await touch(hour)
    },
    remove: async (name) => {
      const key = keys.execution(name)
      const found = await state.get(key)
      if (found === undefined) return false
      // Read before the execution goes: a name that is added again writes its standing anew, which then stays.
      const stands = keys.due(storedOf(found).at, name)
      const before = await state.get(stands)
      const { result } = await change<boolean>(
        state,
        key,
        (item) =>
          item === undefined
            ? { keep: true, result: false }
            : { remove: true, result: storedOf(item).until === undefined },
        found,
      )
      if (before !== undefined) await state.delete(stands, before.version)
      return result
    },
    has: async (name) => (await state.get(keys.execution(name))) !== undefined,
    claim: async (now, limit, lease) => {
      const due: DueExecution[] = []
      for await (const page of pages(keys.hours)) {
        for (const { key, item } of page) {
          if (startOf(key) > now) return due
          const buckets = keys.bucketsOf(key)
          // Several that claim begin at several places, and meet less.
          const first = Math.floor(Math.random() * buckets.length)
          let empty = true
          for (const bucket of [...buckets.slice(first), ...buckets.slice(0, first)]) {
            const nothing = await claimIn(bucket, due, { now, limit, lease })
            empty = nothing && empty
            if (due.length >= limit) return due
          }
          if (empty && hourAfter(startOf(key)) + SKEW < Math.min(now, clock.now()))
            await state.delete(key, item.version)
        }
      }
      return due
    },
    done: async (due) => {
      const left = [...due]
      const worker = async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          const { name } = next.execution
          // Made by `claimOne` alone.
          const [at, version, stands] = JSON.parse(next.token) as [number, string, string]
          if (await state.delete(keys.execution(name), version))
            await state.delete(keys.due(at, name), stands)
        }
      }
      await Promise.all(Array.from({ length: TOGETHER }, worker))
    },
    next: async () => {
      for await (const hours of pages(keys.hours)) {
        for (const { key } of hours) {
          if (startOf(key) > clock.now()) return startOf(key)
          const firsts = await Promise.all(keys.bucketsOf(key).map(firstOf))
          const known = firsts.filter((at) => at !== undefined)
          if (known.length > 0) return Math.min(...known)
        }
      }
      return undefined
    },
    check: async () => void (await state.check?.()),
  }

  async function firstOf(bucket: string): Promise<number | undefined> {
    for await (const [first] of pages(bucket)) if (first !== undefined) return standing(first.key).at
    return undefined
  }
}

interface Stored {
  readonly due: number
  readonly at: number
  readonly envelope: string
  readonly partitionKey: string
  /** When its lease is over; undefined if it was never handed out. */
  readonly until?: number | undefined
}

function storedOf({ value }: { readonly value: Readonly<Record<string, Json>> }): Stored {
  const { due, at, envelope, partitionKey, until } = value
  return {
    due: Number(due),
    at: Number(at),
    envelope: String(envelope),
    partitionKey: String(partitionKey),
    until: until === undefined ? undefined : Number(until),
  }
}
