/**
 * When something was made, and what came before what. Versions of one clock (or counter) are ordered by their intervals; those of
 * two clocks only by time, and only beyond what the clocks may differ.
 */

/** An interval in microseconds since 1970, or twice the entity's own version number. */
export interface Version {
  readonly min: number
  readonly max: number
  /** Whose clock or counter it is. @default DynamoDB's, which stamps its changes */
  readonly clock?: string
}

/** A version, and the time of its event in milliseconds since 1970. */
export interface Moment {
  readonly version: Version
  readonly at: number
}

/** Whether `a` surely came before `b`. @param skew milliseconds that two clocks may differ */
export function isBefore(a: Moment, b: Moment, skew: number): boolean {
  return a.version.clock === b.version.clock ? a.version.max < b.version.min : a.at + skew < b.at
}
