/** Owns times as people read them. */

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** `12 ms`, `1.5 s`, `3 m`, `2 h`. */
export function took(ms: number): string {
  const [unit, size] = UNITS.find(([, least]) => ms >= least) ?? ['ms', 1]
  const count = ms / size
  return `${unit === 'ms' || count >= 10 ? Math.round(count) : Number(count.toFixed(1))} ${unit}`
}

/** How long before `now` it was: `5 m ago`. */
export function ago(at: Date, now: number): string {
  const ms = Math.max(0, now - at.getTime())
  const [unit, size] = UNITS.find(([, least]) => ms >= least) ?? ['s', 1_000]
  return `${Math.floor(ms / size)} ${unit} ago`
}
