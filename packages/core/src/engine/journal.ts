/**
 * Owns the memory of a shard between two deliveries: up to a highest position, everything is done except what is listed, with its
 * attempts. Where it is kept is the runtime's business (the lease row) or the engine's (a state item, for Lambda).
 *
 * ```
 *   watermark                          highest
 *   |  done  OPEN  done  done  OPEN  done |  nothing known
 * ```
 *
 * Its size grows with what is stuck. A route that was not yet there when it was written is not taken for done.
 */

import { comparePositions, formatPosition, type Position, parsePosition } from '../wire/index.ts'
import type { Ledger } from './ledger.ts'
import { unrouted } from './plan.ts'
import { type Past, positionOf, tasksOf } from './task.ts'

type Listed = readonly [
  position: string,
  route: string,
  attempts: number,
  notBefore: number,
  part?: string | undefined,
]

interface Stored {
  readonly version: 1
  readonly highest: string
  readonly routes: readonly string[]
  readonly open: readonly Listed[]
}

export interface Journal {
  /** What is known of a route's task for a record; `keys` are the route's key and its former ones. */
  recall(position: Position, keys: readonly string[]): Past
  /**
   * The journal to leave behind, or undefined if nothing is worth knowing above what will come again. Costs nothing if nothing has
   * changed since it was written last.
   *
   * @param from the sequence number that comes again first, as a whole, if the source redelivers what lies below the watermark
   */
  write(ledger: Ledger, known: readonly string[], from?: string): string | undefined
}

export const NOTHING_KNOWN: Past = { done: false, attempts: 0, notBefore: 0, part: undefined }

/** Characters of the tasks that are listed: what lies above is forgotten, and so repeated, rather than growing the item. */
const MOST = 200_000

/** A text that is not a journal (someone edited the item) reads as no journal: work is repeated, never skipped. */
export function readJournal(text: string | undefined): Journal {
  const prior = text === undefined ? undefined : parse(text)
  const highest = prior === undefined ? undefined : parsePosition(prior.highest)
  const routes = new Set(prior?.routes)
  const open = new Map(prior?.open.map((item) => [`${item[0]} ${item[1]}`, item]))
  let last:
    | { readonly changes: number; readonly from: string | undefined; readonly text: string | undefined }
    | undefined

  return {
    recall: (position, keys) => {
      if (highest === undefined || comparePositions(position, highest) > 0) return NOTHING_KNOWN
      const at = formatPosition(position)
      for (const key of keys) {
        const item = open.get(`${at} ${key}`)
        if (item !== undefined) {
          const [, , attempts, notBefore, part] = item
          return { done: false, attempts, notBefore, part: part ?? undefined }
        }
      }
      // A record that is open itself, for no route, was shown to none of them: it may be next time.
      const shown = !open.has(`${at} ${unrouted.key}`)
      return shown && keys.some((key) => routes.has(key)) ? { ...NOTHING_KNOWN, done: true } : NOTHING_KNOWN
    },
    write: (ledger, known, from) => {
      if (last?.changes !== ledger.changes || last.from !== from)
        last = { changes: ledger.changes, from, text: written(ledger, known, from) }
      return last.text
    },
  }

  function written(ledger: Ledger, known: readonly string[], from: string | undefined): string | undefined {
    const { watermark, lastTaken } = ledger
    const below = watermark?.sequence === from ? watermark : undefined
    const top = highestOf([ledger.top, highest, below])
    if (top === undefined) return undefined
    if (watermark !== undefined && below === undefined && comparePositions(top, watermark) <= 0)
      return undefined
    const list = new List()
    for (const entry of ledger.open()) {
      const position = positionOf(entry)
      if (comparePositions(position, top) > 0) break
      const at = formatPosition(position)
      for (const { done, plan, attempts, notBefore, part, run } of tasksOf(entry)) {
        // Whoever comes next knows of a handler that ran on beyond its deadline as of one that failed.
        const begun = run?.overdue ? attempts + 1 : attempts
        if (done) continue
        const listed = [at, plan.key, begun, notBefore] as const
        list.add(part === undefined ? listed : [...listed, part])
      }
      if (list.full) break
    }
    // Beyond what was taken only the former journal speaks, and it says nothing of routes that came after it.
    const isBeyond = (at: string) =>
      lastTaken === undefined || comparePositions(parsePosition(at), lastTaken) > 0
    for (const item of prior?.open ?? []) if (!list.full && isBeyond(item[0])) list.add(item)
    const inherits = lastTaken === undefined || comparePositions(top, lastTaken) > 0
    const stored: Stored = {
      version: 1,
      highest: list.cut ?? formatPosition(top),
      routes: inherits ? (prior?.routes ?? []) : known,
      open: list.items,
    }
    return JSON.stringify(stored)
  }
}

/** The tasks that are listed, as long as there is room; those of one position are listed together. */
class List {
  readonly items: Listed[] = []
  #size = 0
  #full = false

  get full(): boolean {
    return this.#full
  }

  /** The last position that is listed, if there was no room for all. */
  get cut(): string | undefined {
    return this.#full ? this.items.at(-1)?.[0] : undefined
  }

  add(item: Listed): void {
    if (this.#full) return
    this.#size += JSON.stringify(item).length
    if (this.#size > MOST && item[0] !== this.items.at(-1)?.[0]) this.#full = true
    else this.items.push(item)
  }
}

function highestOf(positions: readonly (Position | undefined)[]): Position | undefined {
  let top: Position | undefined
  for (const position of positions)
    if (position !== undefined && (top === undefined || comparePositions(position, top) > 0)) top = position
  return top
}

function isPosition(value: unknown): boolean {
  return typeof value === 'string' && /^\d{1,200}(\.\d{1,10})?$/.test(value)
}

function parse(text: string): Stored | undefined {
  try {
    // Written by `write` alone; the checks below catch an edited item, or throw at it.
    const stored = JSON.parse(text) as Stored
    return stored.version === 1 &&
      isPosition(stored.highest) &&
      stored.open.every(([at, , attempts, notBefore]) => isPosition(at) && attempts >= 0 && notBefore >= 0) &&
      Array.isArray(stored.routes)
      ? stored
      : undefined
  } catch {
    return undefined
  }
}

/** The journal of a shard on which everything up to `highest` is done. */
export function completeJournal(highest: Position, routes: readonly string[]): string {
  const stored: Stored = { version: 1, highest: formatPosition(highest), routes, open: [] }
  return JSON.stringify(stored)
}
