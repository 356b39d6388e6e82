/** Owns the two ways in which a project's reactors run on the embedded ship: as in production, from the same files. */

import type { Bundle } from '../project/index.ts'

export type Variables = Readonly<Record<string, string>>

/** How versions follow one another. */
export interface Runtime extends AsyncDisposable {
  /**
   * Runs this version instead of the one before it, whose work in flight ends first.
   *
   * @param variables what its processes see of the world
   * @throws SpaceshipError `start` if it ends before it consumes: what it printed has been shown
   */
  run(version: Bundle, variables: Variables): Promise<void>
  /** Nothing runs: the last process has ended by itself, and is not started again before the next `run`. */
  readonly ended: boolean
}

export interface RuntimeOptions {
  readonly streams: readonly string[]
  /** Arguments of Node. */
  readonly execArgv: readonly string[]
  /** A line that a process has printed. */
  readonly print: (line: string) => void
  /** Aborted when the session ends: a terminal tells all of its processes. */
  readonly signal: AbortSignal
  /** What happens to the processes, in words. */
  readonly say: (text: string) => void
}
