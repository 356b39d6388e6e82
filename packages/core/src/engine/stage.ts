/**
 * Owns the shape of the chain around a handler, and of the capabilities that put stages into it. Each capability is one file; a route
 * that asks for none has an empty chain.
 *
 * ```
 *   turn ──> lane ──────> recall ────────> write-ahead ──────> look-up ─────> middleware ──> call
 *   may it   is anything  what does the    nobody else runs    does it still  the user's     the handler, for
 *   start?   before it?   record name?     the same meanwhile  hold?                         one event or several
 *              │             │                  │                                               │
 *              └─────────────┴───── leave ──────┴───────────────── verdict <────────────────────┘
 * ```
 *
 * `enter` is asked from left to right; `leave` turns the verdict into durable steps, from right to left. The steps are repeated if a
 * store fails, the handler is not.
 */

import type { Clock } from '../ports/index.ts'
import type { Admission } from './admission.ts'
import type { Attempt, Stage } from './attempt.ts'
import type { RoutePlan, Served } from './plan.ts'
import type { Scope } from './scope.ts'
import type { EngineOptions } from './settings.ts'

/** The stages of a route, in the order in which an attempt passes them. */
export const PLACES = ['turn', 'lane', 'recall', 'write-ahead', 'look-up', 'middleware', 'call'] as const

/** What calls the handler, if it is not called for each event by itself. */
export interface Caller {
  call(attempt: Attempt): Promise<unknown>
  /** Nothing more will come. */
  hurry(): void
}

/** A capability that routes ask for by an option. */
export interface Capability extends Served {
  stage?(plan: RoutePlan, scope: Scope): Stage
  caller?(plan: RoutePlan, scope: Scope): Caller
  admission?(plan: RoutePlan, clock: Clock): Admission
  /** What it cannot do with these options, in one sentence. It is logged once, when the engine is made. */
  limits?(options: EngineOptions): string | undefined
  /** What of the engine's options keeps it from working. */
  problems?(plan: RoutePlan, options: EngineOptions): readonly string[]
}
