/** For authors of adapters, handler factories and runtimes: `@spaceship/core/adapter`. */

// The types that stand inside those of `@spaceship/core`: declarations of what users export may name them.
export type {
  Actor,
  AfterMatch,
  BatchContext,
  BatchOptions,
  BeforeMatch,
  EntityOptions,
  FieldRule,
  KeyNames,
  KeyValue,
  Origin,
  Pattern,
  Publish,
  Redriven,
  Skip,
  Version,
} from './declare/index.ts'
export type { Rate } from './duration.ts'
// Durations, as options have them.
export { isDuration, milliseconds } from './duration.ts'
// What refuses wrong options: shapes as data, and the checker that words every problem.
export { refuse } from './errors.ts'

// Shapes.
export type { Shape, Shapes, ShapesOf } from './shapes.ts'
export {
  bare,
  callable,
  check,
  choice,
  count,
  date,
  duration,
  flag,
  like,
  list,
  plain,
  port,
  problemsOf,
  record,
  required,
  text,
  textOr,
} from './shapes.ts'
// Rows and events as they stand in tables and on streams; `@spaceship/core` has them, too.
export { encodePublished, marshal, unmarshal } from './wire/index.ts'
