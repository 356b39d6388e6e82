/**
 * Owns the calendar: what is due when, in the order of time, beside the reminders' own items, which are found by key alone. The sweeper
 * finds there what nobody sent, an operator what is pending. It exists only in a store that can list.
 *
 * An entry is a moment to look at a generation of a reminder. What became of the reminder stands in its state: nobody takes an entry back for
 * it, and entries expire. Only the sweeper changes one: it has sent the reminder from there, and enters the moment at which it will look again.
 */

import type { StateStore, StateValue } from '../ports/index.ts'
import { dueKey, duePrefixes } from '../state/index.ts'

export interface Entry {
  readonly reminder: string
  /** Of the reminder. */
  readonly key: string
  readonly generation: number
  /** How often somebody looked before, and sent it anew. */
  readonly looks: number
  /** Somebody has looked here, and sent it. */
  readonly sent?: boolean
}

export const CANNOT_LIST =
  'the state store cannot list: expected one that can, such as dynamodbState({ sorted: true })'

/** @param name tells the entry from all others of its moment */
export async function enter(
  state: StateStore,
  application: string,
  at: number,
  name: string,
  { reminder, key, generation, looks }: Entry,
  retention: number,
): Promise<void> {
  const value = { reminder, key, generation, looks }
  const options = { expect: undefined, expiresAt: new Date(at + retention) }
  // Another attempt may have written the same entry: that one is as good.
  await state.set(dueKey(application, at, name), value, options)
}

/** Says that it was sent from there. An entry that was made by looking again is not needed any more. */
export async function leave(
  state: StateStore,
  { reminder, key, generation, looks, at, stored }: EntryAt,
  retention: number,
): Promise<void> {
  if (looks > 0) return void (await state.delete(stored.key, stored.version))
  const options = { expect: stored.version, expiresAt: new Date(at + retention) }
  await state.set(stored.key, { reminder, key, generation, looks, sent: true }, options)
}

export interface EntryAt extends Entry {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Where it stands, and what stands there. */
  readonly stored: { readonly key: string; readonly version: string }
}

/** Some of what is entered, and the moment before which nothing is left to tell. */
export interface Leaf {
  readonly entries: readonly EntryAt[]
  readonly until: number
}

/**
 * What is entered from a moment on, up to another one and without it; of one minute (or ten, or an hour, or a day) after the other, in no
 * order within it.
 *
 * @param longest milliseconds that a leaf tells at most: a long one costs few requests, a short one is soon done
 */
export async function* leaves(
  state: StateStore,
  application: string,
  from: number,
  to: number,
  longest: number,
): AsyncGenerator<Leaf> {
  for (let at = from; at < to; ) {
    const { prefixes, until: end } = duePrefixes(application, at, to, longest)
    const firsts = await Promise.all(prefixes.map((prefix) => pageOf(state, prefix)))
    for (const [n, first] of firsts.entries())
      for (let page = first; ; page = await pageOf(state, prefixes[n] ?? '', page.cursor)) {
        const found = page.entries.filter((entry) => entry.at >= at && entry.at < end)
        if (found.length > 0) yield { entries: found, until: at }
        if (page.cursor === undefined) break
      }
    yield { entries: [], until: end }
    at = end
  }
}

/** The same in the order of time: as `spaceship reminders list` shows it. */
export async function* inOrder(
  state: StateStore,
  application: string,
  from: number,
  to: number,
): AsyncGenerator<EntryAt> {
  for (let at = from; at < to; ) {
    const { prefixes, until } = duePrefixes(application, at, to, to - at)
    const heads = await Promise.all(prefixes.map((prefix) => headOf(entriesOf(state, prefix))))
    for (;;) {
      const [first] = heads
        .filter(({ entry }) => entry !== undefined)
        .sort((a, b) => Number(a.entry?.at) - Number(b.entry?.at))
      if (first?.entry === undefined) break
      if (first.entry.at >= at && first.entry.at < until) yield first.entry
      await first.next()
    }
    at = until
  }
}

interface Head {
  entry: EntryAt | undefined
  next(): Promise<void>
}

async function headOf(all: AsyncGenerator<EntryAt>): Promise<Head> {
  const head: Head = {
    entry: undefined,
    next: async () => {
      const { done, value } = await all.next()
      head.entry = done ? undefined : value
    },
  }
  await head.next()
  return head
}

/** What a prefix lists, in the order of time. */
async function* entriesOf(state: StateStore, prefix: string): AsyncGenerator<EntryAt> {
  let cursor: string | undefined
  do {
    const page = await pageOf(state, prefix, cursor)
    yield* page.entries
    cursor = page.cursor
  } while (cursor !== undefined)
}

async function pageOf(state: StateStore, prefix: string, cursor?: string) {
  const page = await state.list?.(prefix, cursor)
  const found = page?.items.flatMap(({ key, item }) => {
    const entry = entryIn(item.value)
    const at = momentIn(key)
    // Whatever else stands there is not ours to judge.
    const stored = { key, version: item.version }
    return entry === undefined || Number.isNaN(at) ? [] : [{ ...entry, at, stored }]
  })
  return { entries: found ?? [], cursor: page?.cursor }
}

function momentIn(key: string): number {
  const [, day, time] = /\/due\/([^/]+)\/\d+\/\/([\d:.]+)\//.exec(key) ?? []
  return Date.parse(`${day}T${time}Z`)
}

function entryIn({ reminder, key, generation, looks, sent }: StateValue): Entry | undefined {
  if (typeof reminder !== 'string' || typeof key !== 'string' || typeof generation !== 'number')
    return undefined
  return { reminder, key, generation, looks: typeof looks === 'number' ? looks : 0, sent: sent === true }
}
