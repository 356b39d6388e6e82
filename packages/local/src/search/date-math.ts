const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  H: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** `now`, `now-5m`, `now+1d-2h` as milliseconds since 1970. Rounding, months and years are not understood. */
export function dateMath(expression: string, now: number): number | undefined {
  if (!/^now([+-]\d+[smhHdw])*$/.test(expression)) return undefined
  const steps = [...expression.matchAll(/([+-]\d+)([smhHdw])/g)]
  return steps.reduce((time, [, amount, unit]) => time + Number(amount) * (UNITS[unit ?? ''] ?? 0), now)
}
