/**
 * Owns where the documents of an index are written: into each of its versions that has an alias for writing. While a version is made anew
 * there are two.
 *
 * The promise that a rebuild rests on: **whoever is told that a write is done knows that it went to every version that could be written
 * `MOST_AGE` before.** So `MOST_AGE` after a version got its alias, all that becomes done is in it, whoever wrote it, however long a process
 * was frozen in between, and nobody has to be asked.
 *
 * ```
 *   write ── view, at most MOST_AGE old ── each of its versions ── the view is still young? ── done
 *              ^                                                         │ no
 *              └──── read again; versions that were not written yet <────┘
 * ```
 */

import type { Clock } from '@spaceship/core/ports'

/** Milliseconds. */
export const MOST_AGE = 5_000

/** Where documents are written, as it was at a time. */
export interface View {
  /** Aliases, of one version each. */
  readonly aliases: readonly string[]
  /** When the reading began, by both clocks: one may stand while a process is frozen, the other may be set. */
  readonly monotonic: number
  readonly now: number
}

export interface Targets {
  /** @throws what reading throws */
  current(signal: AbortSignal): Promise<View>
  /** Whether a view is young enough for a write to be done by it. */
  isYoung(view: View): boolean
  /** Something in it is gone. */
  forget(view: View): void
}

export function createTargets(
  read: () => Promise<readonly string[]>,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): Targets {
  let known: View | undefined
  let reading: Promise<View> | undefined

  function isYoung(view: View): boolean {
    const elapsed = [clock.monotonic() - view.monotonic, clock.now() - view.now]
    return elapsed.every((ms) => ms >= 0 && ms < MOST_AGE)
  }

  async function readAgain(): Promise<View> {
    const since = { monotonic: clock.monotonic(), now: clock.now() }
    try {
      known = { aliases: await read(), ...since }
      return known
    } finally {
      reading = undefined
    }
  }

  return {
    isYoung,
    current: async (signal) => {
      // A reading that has taken long is too old when it comes; the next one may be quicker.
      if (known !== undefined && isYoung(known)) return known
      // Nobody would wait for what is begun now.
      signal.throwIfAborted()
      reading ??= readAgain()
      return untilAborted(reading, signal)
    },
    forget: (view) => {
      if (known === view) known = undefined
    },
  }
}

/** The reading goes on for others. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  // Before anything can throw: a reading that fails while nobody listens ends the process.
  const first = Promise.race([work, aborted.promise])
  const abort = () => {
    aborted.reject(signal.reason)
  }
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await first
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
