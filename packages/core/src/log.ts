/** For whoever logs: `@spaceship/core/log`. */

export {
  errorFields,
  forPeople,
  type JsonLinesOptions,
  jsonLines,
  type Level,
  type Log,
  type LogFields,
  type LoggedError,
  type LoggerLike,
  type LoggerOption,
  type LogOptions,
  type PeopleOptions,
} from './log/index.ts'
export { type Logger, silent } from './ports/index.ts'
