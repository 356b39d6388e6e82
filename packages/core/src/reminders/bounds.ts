/** Owns what a scheduler cannot do: a wait beyond its horizon, an exactness beyond its precision. Told as early as it is known. */

import { type Duration, isDuration, milliseconds } from '../duration.ts'
import type { ReminderScheduler } from '../ports/index.ts'
import { Permanent } from '../verdicts.ts'
import type { Schedulers } from './schedulers.ts'

/** What a reminder needs of its scheduler. */
export interface Needed {
  /** How late it may come while nothing is wrong. A scheduler that is less precise is refused. @default whatever the scheduler can do */
  readonly precision?: Duration
}

/** Of a declaration. */
export function boundProblems(options: unknown, schedulers: readonly ReminderScheduler[]): string[] {
  const { in: later, precision }: { readonly in?: unknown; readonly precision?: unknown } = Object(options)
  return schedulers.flatMap(({ capabilities }) => {
    const { name, horizon = Number.POSITIVE_INFINITY, precision: exactly } = Object(capabilities)
    const problems: string[] = []
    if (isDuration(later) && milliseconds(later) > horizon)
      problems.push(
        `'in' is '${later}', and ${name} waits ${days(horizon)} at most: expected a shorter wait, or a scheduler without that limit`,
      )
    if (isDuration(precision) && milliseconds(precision) < exactly)
      problems.push(
        `'precision' is '${precision}', and ${name} fires within ${exactly} ms: expected a scheduler that is more precise`,
      )
    return problems
  })
}

/** @throws Permanent for an instant that the scheduler cannot wait for */
export function assertWithin({ to }: Schedulers, dueAt: number, now: number, what: string): void {
  const { name, horizon } = to.capabilities
  if (horizon === undefined || dueAt - now <= horizon) return
  throw new Permanent(
    `${what} is due on ${new Date(dueAt).toISOString().slice(0, 10)}, and ${name} waits ${days(horizon)} at most: schedule it later, or use a scheduler without that limit`,
  )
}

const days = (ms: number): string => `${Math.floor(ms / 86_400_000)} days`
