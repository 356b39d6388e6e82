/**
 * Owns the shape of the chain around a handler, and of the capabilities that put stages into it. Each capability is one file; a route
 * that asks for none has an empty chain.
 *
 * ```
 *          turn        lane       recall       claim       look-up     middleware     call
 *  lane ──> rate ──> parked? ──> letter? ──> guard, claim ──> reminder? ──> … ──> handler, or batch
 *                       │            │            │                                    │
 *                       └────────────┴── leave ───┴──────────── verdict <──────────────┘
 * ```
 *
 * `enter` is asked from left to right; `leave` turns the verdict into durable steps, from right to left. The steps are repeated if a
 * store fails, the handler is not.
 */

import type { RouteOptions } from '../declare/route.ts'
import type { Clock } from '../ports/index.ts'
import type { Attempt } from './attempt.ts'
import type { Ending } from './ending.ts'
import type { Admission } from './gate.ts'
import type { Verdict } from './judge.ts'
import type { EngineOptions } from './options.ts'
import type { RoutePlan } from './plan.ts'
import type { Scope } from './scope.ts'

/** The stages of a route, in the order in which an attempt passes them. */
export const PLACES = ['turn', 'lane', 'recall', 'claim', 'look-up', 'middleware', 'call'] as const

/** What a stage answers to an attempt: undefined lets it go on. */
export type Entered =
  | undefined
  /** The lane asks again at this moment, in milliseconds since 1970. Nothing is counted. */
  | { readonly kind: 'held'; readonly until: number }
  /** Nothing is to be run: the verdict stands. */
  | { readonly kind: 'conclude'; readonly verdict: Verdict }
  /** Nothing is to be run, and this is what is left to do. */
  | { readonly kind: 'ending'; readonly ending: Ending }

export interface Stage {
  enter(attempt: Attempt): Entered | Promise<Entered>
  /** Adds what this stage owes once the verdict is final: done, skipped or dead. */
  leave?(attempt: Attempt, verdict: Verdict, ending: Ending): Ending
  /** The attempt came to no end: what was taken for it is given back. A failure is nobody's: what was taken ends by itself. */
  release?(attempt: Attempt): Promise<unknown>
  /** Resolves when the stage may be asked; called once, before the delivery takes records. */
  ready?(): Promise<void>
}

/** What calls the handler, if it is not called for each event by itself. */
export interface Caller {
  call(attempt: Attempt): Promise<unknown>
  /** Nothing more will come. */
  hurry(): void
}

/** A capability that routes ask for by an option. */
export interface Capability {
  readonly name: string
  /** The option that asks for it, and the option's value if other values mean something else. */
  readonly serves: { readonly option: Asked; readonly value?: string }
  readonly place: 'turn' | 'lane' | 'claim' | 'call'
  stage?(plan: RoutePlan, scope: Scope): Stage
  caller?(plan: RoutePlan, scope: Scope): Caller
  admission?(plan: RoutePlan, clock: Clock): Admission
  /** What of the engine's options keeps it from working. */
  problems?(plan: RoutePlan, options: EngineOptions): readonly string[]
}

/** The options by which a route asks for capabilities: of the route, of its reactor or of its handler. */
export type Asked = Extract<keyof RouteOptions, 'effect' | 'stale' | 'whenExhausted' | 'rate'> | 'batching'
