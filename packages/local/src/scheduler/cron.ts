/**
 * Owns AWS's cron expressions: `minutes hours day-of-month month day-of-week year`.
 *
 * | field        | values                | wildcards         |
 * |--------------|-----------------------|-------------------|
 * | minutes      | 0-59                  | , - * /           |
 * | hours        | 0-23                  | , - * /           |
 * | day-of-month | 1-31                  | , - * / ? L W     |
 * | month        | 1-12, JAN-DEC         | , - * /           |
 * | day-of-week  | 1-7 from Sunday, SUN-SAT | , - * / ? L #  |
 * | year         | 1970-2199             | , - * /           |
 *
 * One of the two days is `?`. `L` is the last day of the month, `LW` its last weekday, `15W` the weekday nearest to the 15th within the
 * month, `6L` the last Friday, `6#3` the third Friday.
 */

export interface Cron {
  /** The first local time after `local`, in milliseconds as if it were UTC; nothing if there is none. */
  next(local: number): number | undefined
}

const MINUTE = 60_000
const FIRST_YEAR = 1970
const LAST_YEAR = 2199
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

interface Month {
  readonly year: number
  readonly month: number
  readonly days: number
  /** Of a day, 1 for Sunday. */
  weekday(day: number): number
}

type Days = (day: number, month: Month) => boolean

/** The six fields, or what is wrong with them. */
export function cronOf(fields: string): Cron | { readonly problem: string } {
  const parts = fields.trim().toUpperCase().split(/\s+/)
  const [minute = '', hour = '', date = '', month = '', weekday = '', year = ''] = parts
  if (parts.length !== 6) return { problem: `it has ${parts.length} fields: expected 6` }
  if ((date === '?') === (weekday === '?'))
    return { problem: 'one of day-of-month and day-of-week must be ?, and only one' }

  const minutes = numbers(minute, 0, 59)
  const hours = numbers(hour, 0, 23)
  const months = numbers(month, 1, 12, MONTHS)
  const years = numbers(year, FIRST_YEAR, LAST_YEAR)
  const days = date === '?' ? weekdaysOf(weekday) : datesOf(date)
  const read = { minutes, hours, 'day-of-month or day-of-week': days, month: months, year: years }
  for (const [name, found] of Object.entries(read))
    if (found === undefined) return { problem: `its ${name} cannot be read` }
  if (!minutes || !hours || !months || !years || !days) return { problem: 'it cannot be read' }

  const times = hours.flatMap((h) => minutes.map((m) => (h * 60 + m) * MINUTE))
  const next = (local: number): number | undefined => {
    const from = new Date(local)
    for (const y of years) {
      if (y < from.getUTCFullYear()) continue
      for (const m of months) {
        const whole = monthOf(y, m)
        // The month is over.
        if (Date.UTC(y, m, 1) <= local) continue
        for (let day = 1; day <= whole.days; day += 1) {
          const start = Date.UTC(y, m - 1, day)
          if (start + 24 * 60 * MINUTE <= local || !days(day, whole)) continue
          const found = times.find((time) => start + time > local)
          if (found !== undefined) return start + found
        }
      }
    }
    return undefined
  }
  const ever = next(Date.UTC(FIRST_YEAR, 0, 1) - 1)
  return ever === undefined ? { problem: 'there is no such day' } : { next }
}

function monthOf(year: number, month: number): Month {
  const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay()
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return { year, month, days, weekday: (day) => ((first + day - 1) % 7) + 1 }
}

/** The numbers of a field, lowest first; nothing if it cannot be read. */
function numbers(
  field: string,
  least: number,
  most: number,
  names: readonly string[] = [],
): number[] | undefined {
  const found = new Set<number>()
  for (const item of field.split(',')) {
    const [, from = '', to, , step] = /^(\*|[A-Z\d]+)(?:-([A-Z\d]+))?(\/(\d+))?$/.exec(item) ?? []
    const value = (text: string) => {
      const named = names.indexOf(text)
      return named !== -1 ? named + least : /^\d+$/.test(text) ? Number(text) : Number.NaN
    }
    const isAll = from === '*'
    const first = isAll ? least : value(from)
    const last = to !== undefined ? value(to) : isAll || step !== undefined ? most : first
    const width = step === undefined ? 1 : Number(step)
    const isGood =
      first >= least && first <= last && last <= most && width >= 1 && !(isAll && to !== undefined)
    if (!isGood) return undefined
    for (let number = first; number <= last; number += width) found.add(number)
  }
  return [...found].sort((one, other) => one - other)
}

function datesOf(field: string): Days | undefined {
  return anyOf(field, (item) => {
    if (item === 'L') return (day, { days }) => day === days
    if (item === 'LW') return (day, month) => day === nearestWeekday(month.days, month)
    const [, near] = /^(\d{1,2})W$/.exec(item) ?? []
    if (near !== undefined) {
      const wanted = Number(near)
      if (wanted < 1 || wanted > 31) return undefined
      return (day, month) => wanted <= month.days && day === nearestWeekday(wanted, month)
    }
    const dates = numbers(item, 1, 31)
    return dates && ((day) => dates.includes(day))
  })
}

function weekdaysOf(field: string): Days | undefined {
  return anyOf(field, (item) => {
    // Saturday is the last day of the week.
    if (item === 'L') return (day, { weekday }) => weekday(day) === 7
    const [, name = '', last, nth] = /^([A-Z\d]+?)(?:(L)|#([1-5]))$/.exec(item) ?? []
    if (last === undefined && nth === undefined) {
      const all = numbers(item, 1, 7, WEEKDAYS)
      return all && ((day, { weekday }) => all.includes(weekday(day)))
    }
    const [wanted] = numbers(name, 1, 7, WEEKDAYS) ?? []
    if (wanted === undefined) return undefined
    if (last !== undefined) return (day, { days, weekday }) => weekday(day) === wanted && day + 7 > days
    return (day, { weekday }) => weekday(day) === wanted && Math.ceil(day / 7) === Number(nth)
  })
}

function anyOf(field: string, read: (item: string) => Days | undefined): Days | undefined {
  const items = field.split(',').map(read)
  const known = items.filter((item) => item !== undefined)
  if (known.length < items.length) return undefined
  return (day, month) => known.some((item) => item(day, month))
}

function nearestWeekday(day: number, { days, weekday }: Month): number {
  if (weekday(day) === 7) return day > 1 ? day - 1 : day + 2
  if (weekday(day) === 1) return day < days ? day + 1 : day - 2
  return day
}
