/**
 * `effect: 'claim'`. Owns claims: the write-ahead record of one route's execution of one event identity.
 *
 * ```
 *              acquire                complete
 *   (absent) ──────────> held ───────────────────> completed
 *       ▲                 │ │ bury
 *       │         release │ └────────────────────> dead
 *       └── released <────┘
 *   held, lease over + clock skew ── acquire ──> held by the next owner
 * ```
 *
 * Every step compares and sets on the version that the step before it saw, so an owner that slept through its lease cannot end the claim
 * that its successor holds or has ended. A claim under a former id of the route is read, never written.
 */

import type { Stage } from '../engine/attempt.ts'
import type { Scope } from '../engine/scope.ts'
import type { Capability } from '../engine/stage.ts'
import type { StateItem } from '../ports/index.ts'
import { change, claimKey } from '../state/index.ts'
import { type Acquired, heldTo, heldUntil, keptUntil, leasing, offsetOf, writerOf } from './lease.ts'

export const claim: Capability = {
  name: 'claim',
  serves: { option: 'effect', value: 'claim' },
  place: 'write-ahead',
  stage: ({ keys }, scope) => stageOf(keys, scope),
}

function stageOf(keys: readonly string[], scope: Scope): Stage {
  return leasing(async (attempt, identity) => {
    // What guards the lane has claimed it.
    if (attempt.lease !== undefined) return undefined
    const names = keys.map((key) => claimKey(scope.place.application, key, identity))
    return acquire(scope, names, attempt.wallDeadline, attempt.found?.generation)
  })
}

/**
 * @param keys the claim's key, then those under the route's former ids
 * @param until the end of the lease: no later than the attempt's deadline and the delivery's hard end
 * @param generation of a redrive: a claim that is dead since an older one may run again
 */
async function acquire(
  scope: Scope,
  keys: readonly string[],
  until: number,
  generation: number | undefined,
): Promise<Acquired> {
  const { settings } = scope
  const [key = '', ...former] = keys
  const { state, maxClockSkew } = settings
  const offset = offsetOf(settings)
  const answerOf = (item: StateItem | undefined): Acquired | undefined => {
    const { state: status, generation: buried = 0 } = item?.value ?? {}
    if (status === 'completed') return { kind: 'completed' }
    if (status === 'dead' && Number(buried) >= (generation ?? 0)) return { kind: 'dead' }
    return heldUntil(item, settings)
  }
  // A deployment that renames a route may leave an owner at work under the former id.
  for (const old of former) {
    const answer = answerOf(await state.get(old))
    if (answer !== undefined) return answer
  }
  const { result, version } = await change<Acquired | undefined>(
    state,
    key,
    (item) => {
      const answer = answerOf(item)
      return answer === undefined
        ? { write: heldTo(until, settings), expiresAt: keptUntil(settings), result: undefined }
        : { keep: true, result: answer }
    },
    'absent',
  )
  if (result !== undefined) return result
  const write = writerOf(settings, key, version)
  const extend = (moment: number) => write(heldTo(moment, settings))
  // The first answer of a store may tell that this clock is wrong: then the end of the lease is written anew, if nobody has followed yet.
  if (Math.abs(offsetOf(settings) - offset) > maxClockSkew && !(await extend(until)))
    return acquire(scope, keys, until, generation)
  return {
    kind: 'acquired',
    owned: {
      name: 'claim',
      complete: () => write({ state: 'completed' }, true),
      bury: (letter) => write({ state: 'dead', letter, generation: generation ?? 0 }, true),
      extend,
      release: () => write({ state: 'released' }),
    },
  }
}
