/**
 * Owns the memory of a shard between two deliveries: up to a highest position, everything is done except what is listed,
 * with its attempts. Where it is kept is the runtime's business (the lease row) or the engine's (a state item, for Lambda).
 *
 * ```
 *   watermark                          highest
 *   |  done  OPEN  done  done  OPEN  done |  nothing known
 * ```
 *
 * Its size grows with what is stuck. A route that was not yet there when it was written is not taken for done.
 */

import { comparePositions, formatPosition, type Position, parsePosition } from '../../wire/index.ts'
import { unrouted } from '../plan.ts'
import { type Past, tasksOf } from '../task.ts'
import { type Ledger, positionOf } from './ledger.ts'

interface Stored {
  readonly version: 1
  readonly highest: string
  readonly routes: readonly string[]
  readonly open: readonly (readonly [position: string, route: string, attempts: number, notBefore: number])[]
}

export interface Journal {
  /** What is known of a route's task for a record; `keys` are the route's key and its former ones. */
  recall(position: Position, keys: readonly string[]): Past
  /** The journal to leave behind, or undefined if nothing above the watermark is worth knowing. */
  write(ledger: Ledger, known: readonly string[]): string | undefined
}

export const NOTHING_KNOWN: Past = { done: false, attempts: 0, notBefore: 0 }

/** Characters of the tasks that are listed: what lies above is forgotten, and so repeated, rather than growing the item. */
const MOST = 200_000

/** A text that is not a journal (someone edited the item) reads as no journal: work is repeated, never skipped. */
export function readJournal(text: string | undefined): Journal {
  const prior = text === undefined ? undefined : parse(text)
  const highest = prior === undefined ? undefined : parsePosition(prior.highest)
  const routes = new Set(prior?.routes)
  const open = new Map(prior?.open.map((item) => [`${item[0]} ${item[1]}`, item]))

  return {
    recall: (position, keys) => {
      if (highest === undefined || comparePositions(position, highest) > 0) return NOTHING_KNOWN
      const at = formatPosition(position)
      for (const key of keys) {
        const item = open.get(`${at} ${key}`)
        if (item !== undefined) return { done: false, attempts: item[2], notBefore: item[3] }
      }
      // A record that is open itself, for no route, was shown to none of them: it may be next time.
      const shown = !open.has(`${at} ${unrouted.key}`)
      return shown && keys.some((key) => routes.has(key)) ? { ...NOTHING_KNOWN, done: true } : NOTHING_KNOWN
    },
    write: (ledger, known) => {
      const tasks = [...ledger.entries()].flatMap((entry) => {
        const position = positionOf(entry)
        return [...tasksOf(entry)].map((task) => ({ task, position }))
      })
      const touched = tasks.filter(({ task }) => task.done || task.attempts > 0 || task.notBefore > 0)
      let top = touched.at(-1)?.position
      const beyond = (prior?.open ?? []).filter(
        ([at]) => ledger.lastTaken === undefined || comparePositions(parsePosition(at), ledger.lastTaken) > 0,
      )
      if (highest !== undefined && (top === undefined || comparePositions(highest, top) > 0)) top = highest
      if (
        top === undefined ||
        (ledger.watermark !== undefined && comparePositions(top, ledger.watermark) <= 0)
      )
        return undefined
      const limit = top
      const listed: Stored['open'][number][] = []
      for (const { task, position } of tasks) {
        if (task.done || comparePositions(position, limit) > 0) continue
        listed.push([formatPosition(position), task.plan.key, task.attempts, task.notBefore])
      }
      listed.push(...beyond)
      const cut = cutOf(listed)
      const kept =
        cut === undefined
          ? listed
          : listed.filter(([at]) => comparePositions(parsePosition(at), parsePosition(cut)) <= 0)
      // Beyond what was taken only the former journal speaks, and it says nothing of routes that came after it.
      const inherits = ledger.lastTaken === undefined || comparePositions(limit, ledger.lastTaken) > 0
      const routes = inherits ? (prior?.routes ?? []) : known
      const stored: Stored = { version: 1, highest: cut ?? formatPosition(limit), routes, open: kept }
      return JSON.stringify(stored)
    },
  }
}

/** The position of the last task for which there is room, or undefined if there is for all. */
function cutOf(listed: Stored['open']): string | undefined {
  let size = 0
  let last: string | undefined
  for (const item of listed) {
    size += JSON.stringify(item).length
    if (size > MOST) return last
    last = item[0]
  }
  return undefined
}

function isPosition(value: unknown): boolean {
  return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)
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
