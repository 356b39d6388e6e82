/** Owns what a command knows of the place where it was typed. */

import type { Variables } from '../project/index.ts'

export interface Terminal {
  readonly cwd: string
  readonly variables: Variables
  /** What was asked for: text for people, JSON for machines. */
  out(text: string): void
  /** What is said beside that: progress, advice, failures. */
  say(text: string): void
  /** Everything that is piped into the command. */
  input(): Promise<string>
  /** Ends with this code instead of 0. */
  fail(code: number): void
}
