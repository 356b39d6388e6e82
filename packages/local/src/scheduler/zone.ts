/** A time zone: which instants a local time stands for. Local times are milliseconds, as if they were UTC. */
export interface Zone {
  localAt(instant: number): number
  /** None where the clock is set on, two where it is set back, the earlier first. */
  instants(local: number): readonly number[]
  /** As far after a gap's start as the local time is in it. */
  afterGap(local: number): number
}

const DAY = 86_400_000

/** The zone of a name such as `Europe/Berlin`; nothing if there is none. */
export function zoneOf(name: string): Zone | undefined {
  const offset = offsets(name)
  if (offset === undefined) return undefined
  const before = (local: number) => local - offset(local - DAY)
  return {
    localAt: (instant) => instant + offset(instant),
    instants: (local) =>
      [...new Set([before(local), local - offset(local + DAY)])]
        .filter((instant) => instant + offset(instant) === local)
        .sort((one, other) => one - other),
    afterGap: before,
  }
}

/** The zone's offset from UTC at an instant, in milliseconds; nothing if there is no such zone. */
function offsets(timeZone: string): ((instant: number) => number) | undefined {
  if (timeZone === 'UTC') return () => 0
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    return (instant) => {
      const part = Object.fromEntries(
        format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
      )
      const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
      return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000
    }
  } catch {
    return undefined
  }
}
