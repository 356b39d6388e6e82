/** Owns the shape of a doorkeeper, of what asks it, and of its answers. */

import type { RoutePlan } from './plan.ts'
import type { WaitQueue } from './wait-queue.ts'

/** What asks to start: an attempt's task, or the events that a handler gets together. */
export interface Comer {
  readonly plan: RoutePlan
}

/** Why not now. */
export type Wait = number | WaitQueue

/** How the work ended that had entered. */
export type Finish =
  | { readonly kind: 'unavailable'; readonly dependency: string; readonly error: unknown }
  /** It told nothing about the dependencies of the route. */
  | { readonly kind: 'nothing' }
  /** No handler ran, and what was asked of the stores was answered. */
  | { readonly kind: 'stored' }
  | { readonly kind: 'answered' }

export const NOTHING: Finish = { kind: 'nothing' }
export const STORED: Finish = { kind: 'stored' }
export const ANSWERED: Finish = { kind: 'answered' }

/** A doorkeeper. Nothing is taken until all of them let the comer in. */
export interface Admission {
  ask(comer: Comer, now: number): Wait | undefined
  take(comer: Comer, now: number): void
  leave?(comer: Comer, finish: Finish): void
  /** The comer was woken, and does not enter: the next one may. */
  passOn?(comer: Comer): void
}
