/** What users declare and throw. Runtimes import `@spaceship/core/engine`, adapters `/adapter`, tests `/testing`. */

// Declared things.
// Events, as handlers get them.
// Handlers, and what stands around them.
// Options.
export type {
  Changed,
  Context,
  Created,
  Due,
  Effect,
  Entity,
  EventDef,
  EventMeta,
  EventOf,
  Every,
  Handler,
  Middleware,
  Need,
  Published,
  PublishedEvent,
  Reactor,
  ReactorOptions,
  Reminder,
  Removed,
  RetryPolicy,
  Route,
  RouteOptions,
  Saved,
  Tick,
  WhenExhausted,
} from './declare/index.ts'
// What users declare.
export { batch, entity, event, handler, reactor, reminder, route, skip } from './declare/index.ts'
export type { Duration } from './duration.ts'
// What handlers throw, and what is thrown at users.
export { ConfigurationError, codeOf, SpaceshipError } from './errors.ts'
export type { Reminders } from './reminders/index.ts'
export { Permanent, RetryAfter, Unavailable } from './verdicts.ts'
// What programs without a runtime need to write and to read records.
export { encodePublished, marshal, unmarshal } from './wire/index.ts'
