/**
 * `at(yyyy-mm-ddThh:mm:ss)` in a time zone, as an instant.
 *
 * | local time                             | instant                                            |
 * |----------------------------------------|----------------------------------------------------|
 * | exists once                            | that one                                           |
 * | exists twice (the clock is set back)   | the earlier                                        |
 * | does not exist (the clock is set on)   | as far after the gap's start as the time is in it  |
 */

/** Milliseconds since 1970, or what is wrong with the expression. */
export function dueAt(expression: string, timeZone = 'UTC'): number | { readonly problem: string } {
  if (/^(rate|cron)\(/.test(expression)) {
    return {
      problem: `'${expression}' recurs. The embedded scheduler is a stand-in and supports one-time schedules only: at(yyyy-mm-ddThh:mm:ss).`,
    }
  }
  const [, text] = /^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$/.exec(expression) ?? []
  const local = text === undefined ? Number.NaN : Date.parse(`${text}Z`)
  // Date.parse takes 30 February for 2 March.
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== text) {
    return { problem: `Invalid Schedule Expression ${expression}.` }
  }
  const offset = offsets(timeZone)
  if (offset === undefined) return { problem: `Invalid ScheduleExpressionTimezone ${timeZone}.` }
  const before = local - offset(local - DAY)
  const after = local - offset(local + DAY)
  const matching = [before, after].filter((instant) => instant + offset(instant) === local)
  return matching.length > 0 ? Math.min(...matching) : before
}

const DAY = 86_400_000

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
