/**
 * Owns what becomes of the option `logger`: every line of the engine and the runtimes goes through what is made here.
 *
 * | given                                   | the lines go                                                    |
 * |-----------------------------------------|-----------------------------------------------------------------|
 * | nothing, or `{ level, keys }`           | to standard output, as JSON lines                               |
 * | console, Powertools' Logger, winston    | to it: `(message, fields)`                                      |
 * | pino, bunyan                            | to it, the other way round: `(fields, message)`                 |
 * | `silent`                                | nowhere                                                         |
 */

import { isRecord } from '../foreign.ts'
import type { Clock, Logger } from '../ports/index.ts'
import { like, type Shape } from '../shapes.ts'
import { sha256 } from '../wire/digest.ts'
import { CONCEALED, type LogFields } from './fields.ts'
import { jsonLines, LEVELS, type Level } from './json-lines.ts'
import { loggerOfLevels, unfailing } from './unfailing.ts'

/** How the lines are written where no logger is passed. */
export interface LogOptions {
  /** The least urgent level that is written. @default 'info' */
  readonly level?: Level
  /** Shows keys and lanes as they are, in place of their hashes. @default false */
  readonly keys?: boolean
}

/** What is taken for a logger: {@link Logger}, and loggers that must always be given fields. */
export type LoggerLike = Readonly<
  Record<keyof Logger, (message: string, fields: Readonly<Record<string, unknown>>) => void>
>

export type LoggerOption = LoggerLike | LogOptions

/** For option tables: what fits `logger`. */
export const LOGGER: Shape = like(
  "a Logger such as console, pino or Powertools' Logger, or { level: 'debug', keys: true }",
  (value) => isLogger(value) || isOptions(value),
)

interface LoggerAbout {
  readonly service: string
  readonly process: string
  readonly clock: Clock
  /** Fields of every line, asked for at each. @default none */
  readonly context?: (() => LogFields) | undefined
}

/** The logger of an engine or a runtime. It never fails, and it shows no keys. */
export function loggerFor(option: LoggerOption | undefined, about: LoggerAbout): Logger {
  const { keys = false, level = 'info' } = isLogger(option) ? {} : (option ?? {})
  const logger = isLogger(option) ? wayRound(option) : jsonLines({ ...about, level })
  const safe = unfailing(logger)
  if (keys) return safe
  return loggerOfLevels((at) => (message, fields) => safe[at](message, fields && concealed(fields)))
}

/** A key in a log line: equal for equal keys, and no more. */
export function hashOf(key: string): string {
  return sha256(key).slice(0, 16)
}

function concealed(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const hidden = CONCEALED.filter((name) => typeof fields[name] === 'string' && fields[name] !== '')
  if (hidden.length === 0) return fields
  return { ...fields, ...Object.fromEntries(hidden.map((name) => [name, hashOf(String(fields[name]))])) }
}

/** Pino and bunyan take the fields first; that they name their bindings or fields tells them from others. */
function wayRound(logger: LoggerLike): Logger {
  const { bindings, isLevelEnabled, addStream } = Object(logger)
  const fieldsFirst =
    (typeof bindings === 'function' && typeof isLevelEnabled === 'function') ||
    typeof addStream === 'function'
  // A line without fields is given none: what must have fields does without them at run time, as its own types allow for an empty list.
  if (!fieldsFirst) return logger as Logger
  // Their types take a text first as well, so the compiler cannot tell them from ours.
  const turned = logger as unknown as Record<keyof Logger, (fields: object, message: string) => void>
  return loggerOfLevels(
    (level) =>
      (message, fields = {}) =>
        turned[level](fields, message),
  )
}

function isLogger(value: unknown): value is LoggerLike {
  return typeof Object(value).error === 'function'
}

function isOptions(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { level, keys, ...others } = Object(value)
  return (
    Object.keys(others).length === 0 &&
    (level === undefined || LEVELS.includes(level)) &&
    (keys === undefined || typeof keys === 'boolean')
  )
}
