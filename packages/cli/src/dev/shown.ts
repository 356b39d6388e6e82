/**
 * Owns what `spaceship dev` prints: one line for each route that has done something with a record.
 *
 * ```
 * 14:02:11 ✓ onboarding/welcome   clients 'acme' created  done  12 ms
 * 14:02:11 ↻ onboarding/index     clients 'acme' created  attempt 1 failed, again in 1.2 s  retry: Error: boom
 * 14:02:12 · no route             clients 'acme' changed
 *            onboarding/announce: client.upgraded: 'plan' went from 'trial' to 'churned', the pattern asks for 'paid'
 * ```
 */

import { forPeople } from '@spaceship/core/log'
import { paint, took } from '../show/index.ts'
import type { Happened, Outcome } from './trail.ts'

type Style = Parameters<typeof paint>[0]

const MARKS: Readonly<Record<Outcome['step'], readonly [mark: string, style: Style]>> = {
  done: ['✓', 'green'],
  skipped: ['○', 'dim'],
  waiting: ['↻', 'yellow'],
  'dead-letter': ['✗', 'red'],
  discarded: ['✗', 'red'],
  parked: ['‖', 'yellow'],
  halted: ['■', 'red'],
  abandoned: ['⇢', 'dim'],
}

/** Waits for what is on its way already: nothing to tell. */
const SILENT = /^the gate$/

/** @param width of the longest route, so that columns line up. @returns undefined if there is nothing to tell */
export function shownTrail(told: Happened, width: number, at: Date): string | undefined {
  const time = paint('dim', clockOf(at))
  if (told.kind === 'unwanted') {
    const reasons = reasonsIn(told).map((reason) => paint('dim', `${' '.repeat(11)}${reason}`))
    return [`${time} ${paint('dim', '·')} ${'no route'.padEnd(width)}  ${told.what}`, ...reasons].join('\n')
  }
  const { route, what, step, detail } = told
  if (step === 'waiting' && SILENT.test(detail ?? '')) return undefined
  const [mark, style] = MARKS[step]
  const because = detail === undefined ? '' : `  ${paint('dim', detail)}`
  return `${time} ${paint(style, mark)} ${(route || 'no route').padEnd(width)}  ${what}  ${paint(style, outcomeOf(told))}${because}`
}

/** Of each route, but those in one line that all say the same of the record and nothing of themselves. */
function reasonsIn({ why }: Extract<Happened, { readonly kind: 'unwanted' }>): string[] {
  const plain = (reason: string) => reason.replaceAll(/(^|; )[^:;]+: /g, '$1')
  const [first] = why
  const common = first === undefined ? '' : (plain(first.why).split('; ')[0] ?? '')
  const isCommon =
    why.length > 2 &&
    why.every((each) =>
      plain(each.why)
        .split('; ')
        .every((part) => part === common),
    )
  return isCommon ? [`of all routes: ${common}`] : why.map(({ route, why }) => `${route}: ${why}`)
}

function outcomeOf({ step, attempt, detail = '', waitMs, ms }: Outcome): string {
  switch (step) {
    case 'waiting':
      // What is not counted is no failure of the handler: it was told to come back, or what it needs is down.
      return `${detail.startsWith('retry:') ? `attempt ${attempt} failed` : 'waits'}${waitMs === undefined ? '' : `, again in ${took(waitMs)}`}`
    case 'abandoned':
      return 'left for the next version'
    case 'dead-letter':
      // What is counted is failures that may be tried again: one that is permanent is none of them, though its handler ran.
      return `dead letter${attempt === 0 ? '' : ` after ${attempt} attempt${attempt === 1 ? '' : 's'}`}  ${took(ms)}`
    default:
      return `${step}  ${took(ms)}`
  }
}

/**
 * A line that a process has printed.
 *
 * @param verbose also what the engine and the runtime say of their work
 * @returns undefined for what the trail tells better, and for what nobody asked for
 */
export function shownLine(line: string, verbose: boolean, columns: number): string | undefined {
  const fields = fieldsIn(line)
  if (fields === undefined) return line
  const { level, route, outcome } = fields
  const urgent = level === 'WARN' || level === 'ERROR'
  const own = route !== undefined
  if (!verbose && (outcome !== undefined || !(urgent || own))) return undefined
  return paint(urgent ? (level === 'ERROR' ? 'red' : 'yellow') : 'dim', forPeople(line, { width: columns }))
}

function fieldsIn(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const fields: unknown = JSON.parse(line)
    // What begins as an object and is JSON is one.
    return Object(fields).schema === undefined ? undefined : (fields as Record<string, unknown>)
  } catch {
    return undefined
  }
}

const clockOf = (at: Date): string => at.toTimeString().slice(0, 8)
