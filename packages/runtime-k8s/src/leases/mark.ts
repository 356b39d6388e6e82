/**
 * Owns the mark of a lease at `LATEST` whose shard nothing has come to yet: `@` and since when the shard is read, in milliseconds since 1970. Who reads it
 * next at its newest record would pass over what comes between two owners.
 */

const MARK = /^@(\d{1,15})$/

/** How coarsely the source tells its time, in milliseconds. */
const INEXACT = 1_000

/**
 * Of a page without records: the time that it has come to.
 *
 * @param answeredAt by the source's own clock, since clocks differ
 * @param millisBehind a page may be without records though the shard has some that were put since
 */
export function markOf(answeredAt: number, millisBehind: number): string {
  return `@${Math.max(0, Math.floor(answeredAt - millisBehind - INEXACT))}`
}

/** Undefined for what is no mark. */
export function timeOf(mark: string): Date | undefined {
  const [, ms] = MARK.exec(mark) ?? []
  return ms === undefined ? undefined : new Date(Number(ms))
}
