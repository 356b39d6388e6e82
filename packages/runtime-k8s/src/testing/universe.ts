/**
 * Owns virtual time: the events of a simulation in their order, and the processes in which they happen. Nothing waits for real time, so a run
 * depends on its seed alone.
 *
 * ```
 *  due ──┬─ of a process that was killed ────────> never
 *        ├─ of one that stands still ────────────> when it goes on
 *        └─ else ──> run ──> until all promises that it settles have had their turn ──> the next one
 * ```
 */

import type { Clock } from '@spaceship/core/ports'

export interface Happening {
  at: number
  /** Of two at the same moment the one that was planned first comes first. */
  readonly order: number
  readonly process: Process | undefined
  /** Undefined when nobody waits for it any more. */
  run: (() => void) | undefined
}

/** One process with clocks of its own. */
export interface Process {
  readonly id: string
  readonly clock: Clock
  readonly alive: boolean
  /** Its promises never go on. */
  kill(): void
  /** Its event loop stands still for so long; timers and answers wait. */
  stall(ms: number): void
  /** Somebody sets its wall clock. */
  jump(ms: number): void
  /** When it goes on. */
  readonly stalledUntil: number
}

/** What a process takes for `monotonic`: two of them are faults that a test plants. */
export type Monotonic = 'right' | 'wall' | 'awake'

export interface Universe {
  readonly now: number
  readonly events: number
  plan(delay: number, run: () => void, process?: Process): Happening
  process(id: string, monotonic?: Monotonic): Process
  /** Goes on until nothing is left, the moment has come or `isOver` says so. */
  pass(until: number, isOver?: () => boolean): Promise<void>
}

/** Milliseconds since 1970 at which each simulation begins. */
export const BEGINNING = Date.UTC(2026, 0, 1)

export function createUniverse(): Universe {
  const heap = createHeap()
  let [now, order, events] = [0, 0, 0]

  function plan(delay: number, run: () => void, process?: Process): Happening {
    const happening: Happening = { at: now + Math.max(0, delay), order: order++, process, run }
    heap.add(happening)
    return happening
  }

  function occur(happening: Happening): boolean {
    const { process, run } = happening
    if (run === undefined || process?.alive === false) return false
    if (process !== undefined && process.stalledUntil > now) {
      happening.at = process.stalledUntil
      heap.add(happening)
      return false
    }
    events += 1
    run()
    return true
  }

  return {
    get now() {
      return now
    },
    get events() {
      return events
    },
    plan,
    process: (id, monotonic = 'right') => createProcess(id, monotonic, { now: () => now, plan }),
    pass: async (until, isOver = () => false) => {
      for (let next = heap.first(); next !== undefined && next.at <= until; next = heap.first()) {
        heap.take()
        now = next.at
        if (!occur(next)) continue
        await new Promise<void>((resolve) => setImmediate(resolve))
        if (isOver()) return
      }
      now = Math.max(now, until)
    },
  }
}

function createProcess(
  id: string,
  kind: Monotonic,
  time: Pick<Universe, 'plan'> & { readonly now: () => number },
): Process {
  let [alive, offset, stalledUntil, asleep] = [true, 0, 0, 0]
  const wall = () => BEGINNING + time.now() + offset
  const monotonics = { right: time.now, wall, awake: () => time.now() - asleep }

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const happening = time.plan(ms, wake, process)
      function wake() {
        happening.run = undefined
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      signal?.addEventListener('abort', wake)
    })
  }

  const process: Process = {
    id,
    clock: { now: wall, monotonic: monotonics[kind], sleep },
    get alive() {
      return alive
    },
    get stalledUntil() {
      return stalledUntil
    },
    kill: () => {
      alive = false
    },
    stall: (ms) => {
      const until = Math.max(stalledUntil, time.now() + ms)
      asleep += until - Math.max(stalledUntil, time.now())
      stalledUntil = until
    },
    jump: (ms) => {
      offset += ms
    },
  }
  return process
}

function createHeap() {
  const items: Happening[] = []
  const before = (a: Happening, b: Happening) => a.at < b.at || (a.at === b.at && a.order < b.order)

  function rise(item: Happening): void {
    let place = items.length
    items.push(item)
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = items[above]
      if (parent === undefined || !before(item, parent)) break
      items[place] = parent
      place = above
    }
    items[place] = item
  }

  function sink(item: Happening): void {
    let place = 0
    for (;;) {
      const [left, right] = [items[place * 2 + 1], items[place * 2 + 2]]
      const isRight = right !== undefined && left !== undefined && before(right, left)
      const child = isRight ? right : left
      if (child === undefined || !before(child, item)) break
      items[place] = child
      place = place * 2 + (isRight ? 2 : 1)
    }
    items[place] = item
  }

  return {
    first: (): Happening | undefined => items[0],
    add: rise,
    take: (): void => {
      const last = items.pop()
      if (last !== undefined && items.length > 0) sink(last)
    },
  }
}
