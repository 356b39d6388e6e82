import { SpaceshipError } from './errors.ts'

/**
 * A length of time: milliseconds as a number, or a text of a number and a unit: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'3d'`. The number may
 * have decimals: `'1.5h'` is 90 minutes. A sign, an exponent, a space or a hexadecimal number is refused by whoever takes the
 * duration, since its type cannot tell.
 */
export type Duration = Forms['duration']

// A field of an interface, so that the type checker prints the forms and not the name.
interface Forms {
  duration: number | `${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d`
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A duration in milliseconds.
 *
 * @throws SpaceshipError `duration` for anything that is not a non-negative, finite length of time
 * @example
 * milliseconds('3d') // 259_200_000
 * milliseconds('1.5h') // 5_400_000
 */
export function milliseconds(duration: Duration): number {
  if (isDuration(duration)) return lengthOf(duration)
  const given: unknown = duration
  // Callers without types may give anything, with anything inside.
  const shown = typeof given === 'string' || typeof given === 'number' ? given : typeof given
  throw new SpaceshipError(
    'duration',
    `the duration is '${shown}': expected milliseconds, or a text such as '250ms', '30s', '5m', '2h' or '3d'`,
  )
}

/** True if {@link milliseconds} would accept the value. */
export function isDuration(value: unknown): value is Duration {
  const length = lengthOf(value)
  return Number.isFinite(length) && length >= 0
}

function lengthOf(value: unknown): number {
  if (typeof value !== 'string') return typeof value === 'number' ? value : Number.NaN
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) ?? []
  return Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN)
}

/** So many in each second, minute or hour, also with decimals: `'10/s'`, `'0.5/m'`. */
export type Rate = `${number}/${'s' | 'm' | 'h'}`

/** The milliseconds between two of that rate; not finite for anything that is not a rate. */
export function spacing(rate: Rate): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\/([smh])$/.exec(rate) ?? []
  return (UNITS[unit ?? ''] ?? Number.NaN) / Number(count)
}
