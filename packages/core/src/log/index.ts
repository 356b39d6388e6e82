/** Logs: the closed set of fields, the lines that are written by default, and what is taken for a logger. */
export {
  errorFields,
  type Log,
  type LogFields,
  type LoggedError,
  NUMBER_FIELDS,
  OWN_FIELDS,
  TEXT_FIELDS,
} from './fields.ts'
export {
  hashOf,
  LOGGER,
  type LoggerLike,
  type LoggerOption,
  type LogOptions,
  loggerFor,
} from './given.ts'
export { type JsonLinesOptions, jsonLines, type Level } from './json-lines.ts'
export { forPeople, type PeopleOptions } from './people.ts'
export { loggerOfLevels, unfailing } from './unfailing.ts'
