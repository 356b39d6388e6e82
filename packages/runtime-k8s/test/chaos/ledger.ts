/** Owns what must be true of all effects of a chaos run, and how quickly a fleet reacts. */

import type { Effect } from './fleet.ts'

/** What was put: the highest version of each key; versions are 1, 2, 3, ... */
export type Puts = ReadonlyMap<string, number>

export interface Findings {
  /** `key n`, of what has no effect. */
  readonly missing: readonly string[]
  /** `key n after m`: a version whose first effect came after that of a later one. */
  readonly disordered: readonly string[]
  readonly effects: number
  readonly repeated: number
  /** Of the effects, by workers of KCL. */
  readonly byKcl: number
}

export function judge(puts: Puts, effects: readonly Effect[]): Findings {
  const first = new Map<string, Map<number, number>>()
  for (const { key, n, at } of effects) {
    const versions = first.get(key) ?? new Map<number, number>()
    first.set(key, versions)
    versions.set(n, Math.min(at, versions.get(n) ?? Number.POSITIVE_INFINITY))
  }
  const missing: string[] = []
  const disordered: string[] = []
  for (const [key, last] of puts) {
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

/** For how long, at the longest, a key that was being changed had no effect around a moment of `machineTime`, in milliseconds. */
export function silenceAround(effects: readonly Effect[], moment: number, within: number): number {
  const byKey = Map.groupBy(effects, ({ key }) => key)
  let longest = 0
  for (const own of byKey.values()) {
    const times = own.map(({ at }) => at).sort((a, b) => a - b)
    for (const [i, at] of times.entries()) {
      const next = times[i + 1]
      if (next !== undefined && next >= moment && at <= moment + within)
        longest = Math.max(longest, next - at)
    }
  }
  return longest
}
