/**
 * Owns which task is the last one of each lane of a route, so that the next one of its key finds its place. Never runs any.
 *
 * Lanes open and end with nearly every record. A map from which they were deleted would grow anew all the time, and each outgrown table
 * stays in the collector's old space with the tasks that it held: what ended is blanked, and thrown away with the map now and then.
 */

import type { Task } from '../task.ts'

export interface Tails {
  /** Undefined if the lane is not open. */
  get(lane: string): Task | undefined
  /** Opens the lane. */
  open(task: Task): void
  /** Makes it the last one of its lane, which is open. */
  move(task: Task): void
  /** Ends the lane, if it is open and this is its last task. */
  end(task: Task): void
}

/** Ended lanes that are kept, beside as many as are open. */
const BLANK = 1_024

export function createTails(): Tails {
  let tails = new Map<string, Task | undefined>()
  let open = 0
  const get = (lane: string) => (open === 0 ? undefined : tails.get(lane))

  return {
    get,
    open: (task) => {
      open += 1
      tails.set(task.lane, task)
    },
    move: (task) => {
      tails.set(task.lane, task)
    },
    end: (task) => {
      if (get(task.lane) !== task) return
      open -= 1
      tails.set(task.lane, undefined)
      if (tails.size > open * 2 + BLANK) tails = new Map([...tails].filter(([, last]) => last !== undefined))
    },
  }
}
