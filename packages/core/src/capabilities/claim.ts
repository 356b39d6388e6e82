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

import type { Attempt, Entered, Lease, Stage } from '../engine/attempt.ts'
import { extended } from '../engine/ending.ts'
import type { Scope } from '../engine/scope.ts'
import type { Capability } from '../engine/stage.ts'
import type { StateItem } from '../ports/index.ts'
import { change, claimKey } from '../state/index.ts'
import {
  FAILED_AGAIN,
  HANDLED,
  heldTo,
  heldUntil,
  keptUntil,
  offsetOf,
  tellOfTakeover,
  writerOf,
} from './lease.ts'

export const claim: Capability = {
  name: 'claim',
  serves: { option: 'effect', value: 'claim' },
  place: 'write-ahead',
  stage: ({ keys }, scope) => stageOf(keys, scope),
}

function stageOf(keys: readonly string[], scope: Scope): Stage {
  const held = new WeakMap<Attempt, Claim>()
  return {
    enter: async (attempt): Promise<Entered> => {
      // What guards the lane has claimed it.
      if (attempt.lease !== undefined) return undefined
      let identity: string
      try {
        identity = attempt.content.identity()
      } catch (error) {
        return { kind: 'conclude', verdict: { kind: 'dead', reason: 'schema', error } }
      }
      const names = keys.map((key) => claimKey(scope.place.application, key, identity))
      const generation = attempt.found?.generation
      const acquired = await acquire(scope, names, attempt.wallDeadline, generation)
      if (acquired.kind === 'held') return acquired
      if (acquired.kind === 'completed') return { kind: 'conclude', verdict: HANDLED }
      // A letter that was redriven and failed has been here: it stays, as it did then.
      if (acquired.kind === 'dead')
        return { kind: 'conclude', verdict: generation === undefined ? HANDLED : FAILED_AGAIN }
      held.set(attempt, acquired.claim)
      attempt.lease = acquired.claim
      return undefined
    },
    leave: (attempt, verdict, ending) => {
      const claim = held.get(attempt)
      if (claim === undefined) return ending
      // A claim that is dead tells the next owner that the letter was written, so it is ended last.
      const letter = ending.letter?.id ?? ''
      const end =
        verdict.kind === 'dead' ? () => claim.bury(letter) : () => tellOfTakeover(claim.complete(), attempt)
      return extended(ending, { after: [end] })
    },
    release: async (attempt) => held.get(attempt)?.release(),
  }
}

type Acquired =
  | { readonly kind: 'acquired'; readonly claim: Claim }
  | { readonly kind: 'completed' }
  /** Given up on, and kept as a dead letter; since this redrive asked for it, if one did. */
  | { readonly kind: 'dead' }
  /** Someone else runs it, or did when it died: ask again then. Milliseconds since 1970. */
  | { readonly kind: 'held'; readonly until: number }

interface Claim extends Lease {
  /** Each answers false if the claim was lost meanwhile: the effect may be repeated by the successor. */
  complete(): Promise<boolean>
  bury(letter: string): Promise<boolean>
  release(): Promise<boolean>
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
    claim: {
      name: 'claim',
      complete: () => write({ state: 'completed' }, true),
      bury: (letter) => write({ state: 'dead', letter, generation: generation ?? 0 }, true),
      extend,
      release: () => write({ state: 'released' }),
    },
  }
}
