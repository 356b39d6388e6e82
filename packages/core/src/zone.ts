/** Owns time zones: what the clocks of one show, by the data of the running Node. Local times are milliseconds, as if they were UTC. */

/** Which instants a local time stands for. */
export interface Zone {
  localAt(instant: number): number
  /** None where the clock is set on, two where it is set back, the earlier first. */
  instants(local: number): readonly number[]
  /** As far after a gap's start as the local time is in it. */
  afterGap(local: number): number
  /**
   * The one instant that a local time means for us: of one that exists twice the earlier, of one that the clocks leave out the first
   * instant after the gap.
   */
  instant(local: number): number
}

const DAY = 86_400_000

/** To make one costs as much as to schedule a reminder, and an application names few. A name may be written in many ways. */
const made = new Map<string, Zone>()
const MOST = 64

/** The zone of a name such as `Europe/Berlin`; nothing if there is none. */
export function zoneOf(name: string): Zone | undefined {
  const zone = made.get(name) ?? makeZone(name)
  if (made.size >= MOST && !made.has(name)) made.clear()
  if (zone !== undefined) made.set(name, zone)
  return zone
}

function makeZone(name: string): Zone | undefined {
  const offset = offsets(name)
  if (offset === undefined) return undefined
  const before = (local: number) => local - offset(local - DAY)
  const instants = (local: number) =>
    [...new Set([before(local), local - offset(local + DAY)])]
      .filter((instant) => instant + offset(instant) === local)
      .sort((one, other) => one - other)
  return {
    localAt: (instant) => instant + offset(instant),
    instants,
    afterGap: before,
    instant: (local) =>
      instants(local)[0] ?? changeBetween(local - offset(local + DAY), before(local), offset),
  }
}

/** The first instant at which the offset is that of the later one. The clocks are set at whole seconds. */
function changeBetween(earlier: number, later: number, offset: (instant: number) => number): number {
  const target = offset(later)
  let [low, high] = [Math.floor(earlier / 1_000), Math.ceil(later / 1_000)]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offset(middle * 1_000) === target) high = middle
    else low = middle
  }
  return high * 1_000
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
