/**
 * Owns the story of each record: what it was, each route's steps with it, and what happened to the process in between. It is
 * what failure messages show.
 */

import {
  aboutRecord,
  type Explanation,
  formatPosition,
  type RecordAbout,
  type Step,
  type StreamRecord,
} from '../engine.ts'

/** A route's way with one record. */
export interface Course {
  readonly route: string
  readonly lane: string
  readonly steps: readonly (Step & { readonly at: number })[]
}

export interface Story extends RecordAbout {
  readonly record: StreamRecord
  readonly courses: ReadonlyMap<string, Course>
}

interface Note {
  readonly at: number
  /** How many records had arrived before it. */
  readonly after: number
  readonly what: string
}

export interface Trail {
  readonly stories: readonly Story[]
  /** Grows with every step. */
  readonly steps: number
  arrived(record: StreamRecord): void
  observe(step: Step): void
  note(what: string): void
  /** @param why why a route did not match a record @param only the stories to tell @default all */
  tell(why: (record: StreamRecord) => readonly Explanation[], only?: (story: Story) => boolean): string
}

export function createTrail(now: () => number): Trail {
  const start = now()
  const stories: (Story & { readonly courses: Map<string, Course> })[] = []
  const byPosition = new Map<string, (typeof stories)[number]>()
  const notes: Note[] = []
  let steps = 0

  const since = (at: number) => `+${elapsed(at - start)}`

  function courseOf(step: Step): Course & { readonly steps: (Step & { at: number })[] } {
    const courses = byPosition.get(step.position)?.courses
    const known = courses?.get(step.route)
    // Made below, as what it is.
    if (known !== undefined) return known as ReturnType<typeof courseOf>
    const course = { route: step.route, lane: step.lane, steps: [] }
    courses?.set(step.route, course)
    return course
  }

  function tellOne({ record, what, courses }: Story, explanations: readonly Explanation[]): string[] {
    const lines = [...courses.values()].map(({ route, steps }) => {
      if (route === '' && steps.every(({ step }) => step === 'unwanted')) return '  no route wants it'
      return `  ${route === '' ? 'no route' : route}: ${steps.map((step) => wordsOf(step, since)).join('; ')}`
    })
    const silent = explanations.filter(({ route, matched }) => !matched && !courses.has(route))
    return [
      `${formatPosition(record)}. ${what} (${since(record.arrivedAt.getTime())})`,
      ...lines,
      ...silent.map(({ route, why }) => `  ${route}: did not match: ${why}`),
    ]
  }

  return {
    stories,
    get steps() {
      return steps
    },
    arrived: (record) => {
      const story = { record, ...aboutRecord(record), courses: new Map<string, Course>() }
      stories.push(story)
      byPosition.set(formatPosition(record), story)
    },
    observe: (step) => {
      steps += 1
      courseOf(step).steps.push({ ...step, at: now() })
    },
    note: (what) => {
      notes.push({ at: now(), after: stories.length, what })
    },
    tell: (why, only = () => true) => {
      const lines: string[] = []
      for (let index = 0; index <= stories.length; index += 1) {
        for (const note of notes.filter(({ after }) => after === index))
          lines.push(`-- ${note.what} (${since(note.at)})`)
        const story = stories[index]
        if (story !== undefined && only(story)) lines.push(...tellOne(story, why(story.record)))
      }
      return lines.join('\n')
    },
  }
}

function wordsOf({ step, attempt, detail, until }: Step, since: (at: number) => string): string {
  const because = detail === undefined ? '' : ` (${detail})`
  switch (step) {
    case 'taken':
      return 'in its lane'
    case 'started':
      return `run ${attempt}`
    case 'waiting':
      return `waits${until === undefined ? '' : ` until ${since(until)}`}${because}`
    default:
      return `${step}${because}`
  }
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** `3d`, `1h5m`, `1.5s`: two units at the most, so that a reader sees at once what passed. */
function elapsed(ms: number): string {
  const index = UNITS.findIndex(([, size]) => ms >= size)
  if (index < 0) return ms === 0 ? '0s' : `${ms}ms`
  const [unit, size] = UNITS[index] ?? ['ms', 1]
  if (unit === 's') return `${ms / 1_000}s`
  const whole = Math.floor(ms / size)
  const [smaller, part] = UNITS[index + 1] ?? ['ms', 1]
  const rest = Math.floor((ms - whole * size) / part)
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${smaller}`
}
