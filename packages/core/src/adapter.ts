/** For authors of adapters, handler factories and runtimes: `@spaceship/core/adapter`. */

// The checker refuses wrong arguments with one error that lists every problem.
export { called, check, problemsOf, unknownProblems } from './shapes.ts'
export { nearestName } from './nearest.ts'
export { refuse } from './errors.ts'

// Shapes say what fits, and what messages say of it.
export {
  bare,
  callable,
  choice,
  closed,
  count,
  date,
  duration,
  flag,
  like,
  list,
  plain,
  port,
  rate,
  record,
  required,
  text,
  textOr,
} from './shapes.ts'

// What an adapter says of a set-up that is wrong: `new Unavailable(dependency, message, { cause, setup })`.
export { setUpOf } from './verdicts.ts'

// What tells a kind of item from others in its table, shown and as values.
export { differenceFrom, equalities, shownWhen } from './declare/marks.ts'

// What may never answer is waited for in one way.
export { type InTime, inTime } from './in-time.ts'

// Options have durations in these forms.
export { isDuration, milliseconds, spacing } from './duration.ts'

// Local times become instants by one rule.
export { type Zone, zoneOf } from './zone.ts'

// Rows and events stand in tables and on streams in these forms; `@spaceship/core` has the three names, too.
export { encodePublished, marshal, unmarshal } from './wire/index.ts'

// What a store or a stream keeps as JSON comes back as it was, or is refused, with a path that shows no data.
export { exact, exactJson, pathOf } from './wire/index.ts'

// A digest stands for a text that is too long for a name, the same each time.
export { sha256 } from './wire/digest.ts'

// Watches, rebuilds and fleets of workers keep items in the state store, whose keys all stand in one table.
export { noticeKey, rebuildKey, watchKey } from './state/index.ts'

// Types of shapes.
export type { Shape, Shapes, ShapesOf } from './shapes.ts'

// Types within those of `@spaceship/core`, which the declarations of a package may have to name.
export type {
  Actor,
  AfterMatch,
  BatchContext,
  BatchOptions,
  BeforeMatch,
  EntityOptions,
  FieldRule,
  Grant,
  KeyNames,
  KeyValue,
  Mark,
  Origin,
  Pattern,
  Publish,
  Redriven,
  Skip,
  Version,
  When,
} from './declare/index.ts'
export type { Rate } from './duration.ts'
export type { ExactOptions } from './wire/index.ts'
export type { SetUp, UnavailableOptions } from './verdicts.ts'
