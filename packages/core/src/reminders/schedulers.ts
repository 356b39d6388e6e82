/**
 * Owns which scheduler has an execution. While an application moves from one to another, both are asked: what is new goes to `to`, what
 * waits in `from` stays there until it fires, is stopped or is moved.
 */

import type { Execution, ReminderScheduler } from '../ports/index.ts'

/** A move from one scheduler to another, in either direction: keep both until what waits in `from` has fired. */
export interface SchedulerMove {
  readonly from: ReminderScheduler
  readonly to: ReminderScheduler
}

export interface Schedulers {
  /** The scheduler for what is scheduled now. */
  readonly to: ReminderScheduler
  readonly all: readonly ReminderScheduler[]
  start(on: string | undefined, execution: Execution): Promise<string>
  /** @param on the scheduler that has the execution; all are asked if that is not known */
  stop(on: string | undefined, reference: string): Promise<boolean>
  find(on: string | undefined, reference: string): Promise<'waiting' | 'gone' | 'unknown'>
}

export function schedulersOf(move: SchedulerMove | { readonly to: ReminderScheduler }): Schedulers {
  const { to } = move
  const all = 'from' in move ? [to, move.from] : [to]
  const named = (on: string | undefined) => all.find(({ capabilities }) => capabilities.name === on)
  const asked = (on: string | undefined) => {
    const one = named(on)
    return one === undefined ? all : [one]
  }
  return {
    to,
    all,
    start: (on, execution) => (named(on) ?? to).start(execution),
    stop: async (on, reference) => {
      // What cannot be stopped fires, and the state drops it.
      const able = asked(on).filter(({ capabilities }) => capabilities.nativeCancel)
      const stopped = await Promise.all(able.map((scheduler) => scheduler.stop(reference)))
      return stopped.includes(true)
    },
    find: async (on, reference) => {
      const found = await Promise.all(
        asked(on).map((scheduler) => scheduler.find?.(reference) ?? ('unknown' as const)),
      )
      return found.find((one) => one === 'waiting') ?? found.find((one) => one === 'unknown') ?? 'gone'
    },
  }
}
