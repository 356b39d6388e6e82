/** Owns how long a request to AWS may go without an answer: a client without a time-out of its own waits for ever where a connection is half open. */

import { inTime } from '@spaceship/core/adapter'
import type { Clock } from '@spaceship/core/ports'

/** Milliseconds. */
export const PATIENCE = 30_000

/**
 * Waits for the answer of a service. The request is told through its signal when nobody waits for it any more.
 *
 * @param of the service, in messages @throws what the request failed with; SpaceshipError `no-answer`
 */
export function answered<T>(
  of: string,
  ask: (signal: AbortSignal) => Promise<T>,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<T> {
  const late = `${of} did not answer within ${PATIENCE} ms`
  return inTime(ask, { within: PATIENCE, clock, late, ...(signal && { signal }) })
}
