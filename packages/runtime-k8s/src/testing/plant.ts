/** Owns what a fault is that a test plants into our workers, to show that the simulation finds it. */

import type { Monotonic } from './universe.ts'

export type Answer = (command: unknown) => object

export interface Plant {
  readonly monotonic?: Monotonic
  /** Clients wait without end for an answer. */
  readonly patient?: boolean
  /** In place of a service's answer; undefined for none. */
  readonly answer?: (command: unknown, answer: Answer, member: string) => object | undefined
}
