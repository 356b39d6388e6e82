/** What claims and guards share: the lease under which an attempt runs, and what is told of it. */

import type { Attempt } from '../engine/attempt.ts'
import type { Verdict } from '../engine/outcome.ts'
import type { Settings } from '../engine/settings.ts'
import { taskFields } from '../engine/telling.ts'
import type { StateItem, StateValue } from '../ports/index.ts'
import { change } from '../state/index.ts'

export const HANDLED: Verdict = { kind: 'skip', reason: 'handled before' }

/** Of a letter that was redriven, and failed again before its owner ended. */
export const FAILED_AGAIN: Verdict = {
  kind: 'dead',
  reason: 'exhausted',
  error: 'it failed when it was redriven',
}

/**
 * How far the clock that all owners have in common is ahead of this process's: the end of a lease is written by that one, and read by it.
 * Where the store tells no time, every process takes its own for it.
 */
export function offsetOf({ state }: Settings): number {
  return state.clockOffset?.() ?? 0
}

/** What an item says while an owner runs what it is about. @param until by this process's clock */
export function heldTo(until: number, settings: Settings) {
  return { state: 'held', until: until + offsetOf(settings) }
}

/** Until when another owner may run what the item is about, by this process's clock and the slower one; undefined if nobody does. */
export function heldUntil(
  item: StateItem | undefined,
  settings: Settings,
): { readonly kind: 'held'; readonly until: number } | undefined {
  if (item?.value.state !== 'held') return undefined
  const { clock, maxClockSkew } = settings
  const until = Number(item.value.until ?? 0) - offsetOf(settings) + maxClockSkew
  return until > clock.now() ? { kind: 'held', until } : undefined
}

/** Until when an item is kept that is written now. */
export function keptUntil({ clock, retention }: Settings): Date {
  return new Date(clock.now() + retention)
}

/** Writes what an owner has taken. @returns false, and nothing is written, if another owner has taken it meanwhile */
type WriteOwn = (value: StateValue, over?: boolean) => Promise<boolean>

/**
 * How an owner writes the item that it has taken: on the version that it saw last.
 *
 * @param version of the item as it was taken
 * @returns with `over` it also writes what another owner took meanwhile, if that owner let it go again without an end
 */
export function writerOf(settings: Settings, key: string, version = ''): WriteOwn {
  let own: StateItem = { value: {}, version }
  return async (value, over) => {
    const written = await change(
      settings.state,
      key,
      (item) =>
        item?.version === own.version || (over && item?.value.state === 'released')
          ? { write: value, expiresAt: keptUntil(settings), result: true }
          : { keep: true, result: false },
      own,
    )
    if (written.result) own = { value, version: written.version ?? '' }
    return written.result
  }
}

/** Logs a lease that was lost while the handler ran. */
export async function tellOfTakeover(completed: Promise<boolean>, { task, scope }: Attempt): Promise<void> {
  if (await completed) return
  const fields = taskFields(task, scope.place)
  scope.settings.logger.warn(
    'a claim was taken over while its handler ran: the effect may be repeated',
    fields,
  )
}
