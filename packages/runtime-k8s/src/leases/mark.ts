/**
 * Owns the mark of a lease at `LATEST` whose shard nothing has come to yet: `@` and since when the shard is read, in milliseconds since 1970. Who reads it
 * next at its newest record would pass over what comes between two owners.
 */

const MARK = /^@(\d{1,15})$/

export function markOf(ms: number): string {
  return `@${Math.floor(ms)}`
}

/** Undefined for what is no mark. */
export function timeOf(mark: string): Date | undefined {
  const [, ms] = MARK.exec(mark) ?? []
  return ms === undefined ? undefined : new Date(Number(ms))
}
