/** Owns what must be true of all effects of a chaos run, and how quickly a fleet reacts. */

import type { Effect } from './fleet.ts'

/** What was put: of each key, when its versions 1, 2, 3, ... were, in `machineTime`. */
export type Puts = ReadonlyMap<string, readonly number[]>

export interface Findings {
  /** `key n`, of what has no effect. */
  readonly missing: readonly string[]
  /** `key n before m`: a version whose first effect came after that of a later one. */
  readonly disordered: readonly string[]
  readonly effects: number
  readonly repeated: number
  /** Of the effects, by workers of KCL. */
  readonly byKcl: number
}

export function judge(puts: Puts, effects: readonly Effect[]): Findings {
  const first = firstEffects(effects)
  const missing: string[] = []
  const disordered: string[] = []
  for (const [key, { length: last }] of puts) {
    const versions = first.get(key)
    let latest = { n: 0, at: 0 }
    for (let n = 1; n <= last; n += 1) {
      const at = versions?.get(n)
      if (at === undefined) missing.push(`${key} ${n}`)
      else if (at < latest.at) disordered.push(`${key} ${n} before ${latest.n}`)
      else latest = { n, at }
    }
  }
  const known = [...first.values()].reduce((sum, versions) => sum + versions.size, 0)
  const byKcl = effects.filter((effect) => effect.byKcl).length
  return { missing, disordered, effects: effects.length, repeated: effects.length - known, byKcl }
}

/** How long after it was put a version had its effect, in milliseconds: the longest of those that were put around a moment. */
export function latestAround(
  puts: Puts,
  effects: readonly Effect[],
  { from, to }: { readonly from: number; readonly to: number },
): number {
  const first = firstEffects(effects)
  let longest = 0
  for (const [key, times] of puts)
    for (const [n, put] of times.entries())
      if (put >= from && put <= to) longest = Math.max(longest, (first.get(key)?.get(n + 1) ?? put) - put)
  return longest
}

/** When each version had its first effect, by its key. */
function firstEffects(effects: readonly Effect[]): Map<string, Map<number, number>> {
  const first = new Map<string, Map<number, number>>()
  for (const { key, n, at } of effects) {
    const versions = first.get(key) ?? new Map<number, number>()
    first.set(key, versions)
    versions.set(n, Math.min(at, versions.get(n) ?? Number.POSITIVE_INFINITY))
  }
  return first
}
