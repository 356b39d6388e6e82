/**
 * Owns the lines that are written where nobody passes a logger: one JSON object a line, in the format that Lambda's own JSON logs have
 * (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html), so that its level filters work on them.
 */

import { describe, isRecord } from '../foreign.ts'
import { type Clock, type Logger, systemClock } from '../ports/index.ts'
import { bare, callable, check, choice, port, required, type ShapesOf, text } from '../shapes.ts'
import { errorFields, type LogFields, NUMBER_FIELDS, TEXT_FIELDS } from './fields.ts'
import { loggerOfLevels } from './unfailing.ts'

/** The version of the lines' fields: an index may hold lines of several. */
const SCHEMA = 'spaceship.1'

/** The levels, the least urgent first. */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const

export type Level = (typeof LEVELS)[number]

export interface JsonLinesOptions {
  /** The application. */
  readonly service: string
  /** This process among those of the application. @default none */
  readonly process?: string
  /** The least urgent level that is written. @default 'info' */
  readonly level?: Level
  /** Fields of every line, asked for at each. @default none */
  readonly context?: (() => LogFields) | undefined
  readonly clock?: Clock
  /** Takes a line without its end. @default standard output */
  readonly write?: (line: string) => void
}

export const JSON_LINES = {
  options: bare({
    service: required(text('the application')),
    process: text('a name of this process'),
    level: choice(...LEVELS),
    context: callable,
    clock: port('now', 'a Clock'),
    write: callable,
  } satisfies ShapesOf<JsonLinesOptions>),
}

/** Characters of a line: CloudWatch and container runtimes cut longer ones, and half a JSON object is none. */
const LONGEST = 100_000

/** Of a message: words, not data. */
const MESSAGE = 2_000

const KINDS = new Map<string, string>([
  ...TEXT_FIELDS.map((name) => [name, 'string'] as const),
  ...NUMBER_FIELDS.map((name) => [name, 'number'] as const),
])

/**
 * A logger that writes JSON lines. What is none of the closed set of fields, or is of another type than its field, stands under `details`.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const log = jsonLines({ service: 'onboarding', level: 'debug' })
 * log.info('the import is done', { durationMs: 812, rows: 3 }) // rows: under `details`
 */
export function jsonLines(options: JsonLinesOptions): Logger {
  check('jsonLines', JSON_LINES, { options })
  const { service, process: name, level: least = 'info', context = () => ({}), clock = systemClock } = options
  const write = options.write ?? standardOutput()
  // Two lines of one millisecond must stay two documents in an index.
  let seq = 0
  return loggerOfLevels((level) => (message, fields) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return
    seq += 1
    const timestamp = new Date(clock.now()).toISOString()
    const about = {
      timestamp,
      level: level.toUpperCase(),
      message: String(message).slice(0, MESSAGE),
      schema: SCHEMA,
    }
    const own = { ...about, service, process: name, seq }
    write(lineOf(own, { ...context(), ...fields }))
  })
}

function lineOf(own: object, fields: Readonly<Record<string, unknown>>): string {
  try {
    const whole = { ...own, ...sorted(fields) }
    const line = JSON.stringify(whole, plain)
    if (line.length <= LONGEST) return line
    const details = { omitted: `fields of ${line.length} characters` }
    const rest = JSON.stringify({ ...whole, details }, plain)
    return rest.length <= LONGEST ? rest : JSON.stringify({ ...own, details })
  } catch (error) {
    // A getter threw, or an object holds itself.
    return JSON.stringify({
      ...own,
      details: { omitted: `fields that cannot be written: ${describe(error)}` },
    })
  }
}

/** The fields in their places. */
function sorted({ details, ...fields }: Readonly<Record<string, unknown>>): object {
  const known: Record<string, unknown> = {}
  const others: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'error' && value !== undefined)
      known[name] = isRecord(value) ? errorFields(value) : { message: String(value) }
    else (KINDS.get(name) === typeof value ? known : others)[name] = value
  }
  Object.assign(others, isRecord(details) ? details : details === undefined ? {} : { details })
  const isEmpty = Object.values(others).every((value) => value === undefined)
  return isEmpty ? known : { ...known, details: others }
}

/**
 * What JSON has no form for. Errors hold their fields where JSON does not look, and bytes would fill the line; what their own `toJSON` makes
 * of them is passed over: that of a client's error may hold the headers of its request.
 */
function plain(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  const raw = this[name]
  if (typeof raw === 'bigint') return String(raw)
  if (raw instanceof Error) return errorFields(raw)
  if (raw instanceof Set || raw instanceof Map) return [...raw]
  return ArrayBuffer.isView(raw) ? `${raw.byteLength} bytes` : value
}

/** A console of our own: Lambda's writes its own fields before a line, and one on a closed pipe ends no process. */
function standardOutput(): (line: string) => void {
  let output: Console | undefined
  return (line) => {
    output ??= new (process.getBuiltinModule('node:console').Console)(process.stdout)
    output.log(line)
  }
}
