/** Owns the wait for what passes by itself, for whoever does a long piece of work outside of the engine. */

import { codeOf } from './errors.ts'
import type { Clock } from './ports/index.ts'
import { setUpOf } from './verdicts.ts'

/** Milliseconds between two attempts while something is out. */
const WAIT = { first: 200, most: 30_000 }

/** What passes by itself: a set-up has to be mended by somebody. */
export function isOutage(error: unknown): boolean {
  return codeOf(error) === 'unavailable' && setUpOf(error) === undefined
}

/** An outage is waited for, until the signal. @throws what is none, or what there was when the signal came */
export async function persistently<T>(
  ask: () => Promise<T>,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let wait = WAIT.first; ; wait = Math.min(wait * 2, WAIT.most)) {
    try {
      return await ask()
    } catch (error) {
      if (!isOutage(error) || signal?.aborted) throw error
      await clock.sleep(wait, signal)
    }
  }
}
