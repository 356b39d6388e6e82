/** What claims and guards share: the lease under which an attempt runs, and what is told of it. */

import {
  type Attempt,
  type Concluded,
  concluded,
  type Entered,
  type Lease,
  type Stage,
} from '../engine/attempt.ts'
import { extended } from '../engine/ending.ts'
import type { Verdict } from '../engine/outcome.ts'
import type { Settings } from '../engine/settings.ts'
import { taskFields } from '../engine/telling.ts'
import type { StateItem, StateValue } from '../ports/index.ts'
import { change } from '../state/index.ts'

const HANDLED: Verdict = { kind: 'skip', reason: 'handled before' }

/** Of a letter that was redriven, and failed again before its owner ended. */
const FAILED_AGAIN: Verdict = {
  kind: 'dead',
  reason: 'exhausted',
  error: 'it failed when it was redriven',
}

/** What an owner has taken. Each answers false if it was lost meanwhile: the effect may be repeated by the successor. */
export interface Owned extends Lease {
  complete(): Promise<boolean>
  /** @param letter the id of the one that was written */
  bury(letter: string): Promise<boolean>
  release(): Promise<boolean>
}

export type Acquired =
  | { readonly kind: 'acquired'; readonly owned: Owned }
  | { readonly kind: 'completed' }
  /** Given up on, and kept as a dead letter; since this redrive asked for it, if one did. */
  | { readonly kind: 'dead' }
  /** Someone else runs it, or did when it died: ask again then. Milliseconds since 1970. */
  | { readonly kind: 'held'; readonly until: number }
  | Concluded

/** A stage under whose lease the handler runs. @param acquire answers undefined for what it lets through without one */
export function leasing(
  acquire: (attempt: Attempt, identity: string) => Promise<Acquired | undefined>,
): Stage {
  const held = new WeakMap<Attempt, Owned>()
  return {
    enter: async (attempt): Promise<Entered> => {
      let identity: string
      try {
        identity = attempt.content.identity()
      } catch (error) {
        return concluded({ kind: 'dead', reason: 'schema', error })
      }
      const acquired = await acquire(attempt, identity)
      switch (acquired?.kind) {
        case 'completed':
          return concluded(HANDLED)
        case 'dead':
          // A letter that was redriven and failed has been here: it stays, as it did then.
          return concluded(attempt.found?.generation === undefined ? HANDLED : FAILED_AGAIN)
        case 'acquired':
          held.set(attempt, acquired.owned)
          attempt.lease = acquired.owned
          return undefined
        default:
          return acquired
      }
    },
    leave: (attempt, verdict, ending) => {
      const owned = held.get(attempt)
      if (owned === undefined) return ending
      // What is dead tells the next owner that the letter was written, so it is ended last.
      const letter = ending.letter?.id ?? ''
      const end =
        verdict.kind === 'dead' ? () => owned.bury(letter) : () => tellOfTakeover(owned.complete(), attempt)
      return extended(ending, { after: [end] })
    },
    release: async (attempt) => held.get(attempt)?.release(),
  }
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
async function tellOfTakeover(completed: Promise<boolean>, { task, scope }: Attempt): Promise<void> {
  if (await completed) return
  const fields = taskFields(task, scope.place)
  scope.settings.logger.warn(
    'a claim was taken over while its handler ran: the effect may be repeated',
    fields,
  )
}
