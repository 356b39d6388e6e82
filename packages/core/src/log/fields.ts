/**
 * Owns the fields of a log line. The set is closed, so that an index of logs has one mapping for all applications: whatever else a caller
 * gives stands under `details`. The table of the fields is in this package's README, and a test holds both to each other.
 */

import { fieldOf, textIn } from '../foreign.ts'
import type { Logger } from '../ports/index.ts'

/** What the logger itself writes into each line. */
export const OWN_FIELDS = ['timestamp', 'level', 'message', 'schema', 'service', 'process', 'seq'] as const

export const TEXT_FIELDS = [
  'requestId',
  'traceId',
  'reactor',
  'route',
  'entity',
  'event',
  'eventId',
  'key',
  'lane',
  'stream',
  'shard',
  'position',
  'outcome',
  'reason',
  'letter',
  'dependency',
  'lease',
] as const

export const NUMBER_FIELDS = ['version', 'attempt', 'durationMs'] as const

/** What an error says of itself. */
export type LoggedError = {
  readonly name: string
  readonly code?: string
  readonly message: string
}

/** What a caller may give beside the message. */
export type LogFields = {
  readonly [Name in (typeof TEXT_FIELDS)[number]]?: string | undefined
} & {
  readonly [Name in (typeof NUMBER_FIELDS)[number]]?: number | undefined
} & {
  readonly error?: LoggedError | undefined
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

/** A logger that is given nothing but fields of the set. Every {@link Logger} is one. */
export type Log = Readonly<Record<keyof Logger, (message: string, fields?: LogFields) => void>>

/** Names and values that only a person may see: a key can be a customer's. */
export const CONCEALED = ['key', 'lane'] as const

/** Never throws, whatever was thrown. */
export function errorFields(error: unknown): LoggedError {
  const code = textIn(error, 'code')
  const name = textIn(error, 'name') ?? typeof error
  const message =
    textIn(error, 'message') ?? (fieldOf(error, 'message') === undefined ? 'no Error was thrown' : '')
  return { name, ...(code === undefined ? {} : { code }), message }
}
