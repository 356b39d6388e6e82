/** Owns what a test may claim about a route, and the message when it is not so. */

import { called, refuse } from '../adapter.ts'
import { keyOfLane, type Step } from '../engine.ts'
import { SpaceshipError } from '../index.ts'
import type { Course, Story } from './trail.ts'

/** Counts of what a route did; what is not named is not looked at. */
export interface Expected {
  /**
   * Only records of this key: that of an entity (of two attributes: `partition|sort`), a published event or a reminder.
   *
   * @default all
   */
  readonly key?: string
  /** Times that the handler was started, attempts that failed included. */
  readonly runs?: number
  /** Records that ended this way. */
  readonly done?: number
  readonly skipped?: number
  readonly deadLetters?: number
  readonly parked?: number
  readonly discarded?: number
  /** Records that are still on the way. */
  readonly pending?: number
}

/** The last step decides. */
const ENDS: Readonly<Record<Step['step'], Exclude<keyof Expected, 'key' | 'runs'> | undefined>> = {
  taken: 'pending',
  unwanted: undefined,
  started: 'pending',
  waiting: 'pending',
  done: 'done',
  skipped: 'skipped',
  'dead-letter': 'deadLetters',
  discarded: 'discarded',
  parked: 'parked',
  halted: 'pending',
  abandoned: 'pending',
}

/**
 * @param told the trail, for the message
 * @throws SpaceshipError `expectation`
 * @throws ConfigurationError for a count that there is none of, or that is no number: a claim that cannot be met
 */
export function check(
  route: string,
  expected: Expected,
  stories: readonly Story[],
  told: (concerned: (story: Story) => boolean) => string,
): void {
  const { key, ...counts } = expected
  refuse(called('expect', route), claimProblems(counts))
  const courses = stories.flatMap((story) => {
    const course = story.courses.get(route)
    return course !== undefined && (key === undefined || keyOfLane(course.lane) === key) ? [course] : []
  })
  const arrived = countsOf(courses)
  const wanted = Object.entries(counts).filter(([, count]) => count !== undefined)
  const wrong =
    wanted.length === 0
      ? arrived.runs === 0
        ? ['at least one run']
        : []
      : wanted
          .filter(([name, count]) => Object(arrived)[name] !== count)
          .map(([name, count]) => `${name} ${count}`)
  const keys = new Set(stories.flatMap((story) => [...keysOf(story)]))
  // That nothing happened to what was never there is no claim that a test can mean.
  const isHeard = key === undefined || keys.has(key)
  if (wrong.length === 0 && isHeard) return
  const concerned = (story: Story) => key === undefined || keysOf(story).has(key)
  const of = key === undefined ? route : `${route} for '${key}'`
  const found = Object.entries(arrived).filter(([name, count]) => count > 0 || name in counts)
  const got = found.length === 0 ? 'nothing' : found.map(([name, count]) => `${name} ${count}`).join(', ')
  const unheard = isHeard ? [] : [`no record has this key: expected one of ${listOf([...keys])}`]
  const asked = wrong.length === 0 ? ['a record'] : wrong
  throw new SpaceshipError(
    'expectation',
    `${of}: expected ${asked.join(', ')}; got ${got}\n\n${[...unheard, told(concerned)].filter(Boolean).join('\n')}`,
  )
}

function claimProblems(counts: Readonly<Record<string, unknown>>): string[] {
  const known = Object.keys(countsOf([]))
  return Object.entries(counts).flatMap(([name, count]) => {
    if (!known.includes(name)) return [`'${name}' is not a count: expected 'key', '${known.join("', '")}'`]
    return count === undefined || typeof count === 'number'
      ? []
      : [`'${name}' is a ${typeof count}: expected a number`]
  })
}

/** Of the record, and of the lanes that it came into. */
function keysOf({ key, courses }: Story): Set<string> {
  const lanes = [...courses.values()].filter(({ route }) => route !== '').map(({ lane }) => keyOfLane(lane))
  return new Set([...(key === undefined ? [] : [key]), ...lanes])
}

/** Keys that a reader may have meant. */
function listOf(keys: readonly string[]): string {
  if (keys.length === 0) return 'none'
  const first = keys.slice(0, 10).map((key) => `'${key}'`)
  return [...first, ...(keys.length > first.length ? [`${keys.length - first.length} more`] : [])].join(', ')
}

function countsOf(courses: readonly Course[]): Record<Exclude<keyof Expected, 'key'>, number> {
  const counts = { runs: 0, done: 0, skipped: 0, deadLetters: 0, parked: 0, discarded: 0, pending: 0 }
  for (const { steps } of courses) {
    counts.runs += steps.filter(({ step }) => step === 'started').length
    const last = steps.at(-1)
    const end = last === undefined ? undefined : ENDS[last.step]
    if (end !== undefined) counts[end] += 1
  }
  return counts
}
