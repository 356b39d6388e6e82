/** What users declare and throw. Runtimes import `@spaceship/core/engine`, adapters `/adapter`, tests `/testing`. */

// Users declare with these.
export { batch, entity, event, handler, reactor, reminder, route, skip, startsWith } from './declare/index.ts'

// Handlers throw these verdicts; every other error of the SDK is a SpaceshipError with a code.
export { Permanent, RetryAfter, Unavailable } from './verdicts.ts'
export { ConfigurationError, codeOf, SpaceshipError } from './errors.ts'

// Programs without a runtime read and write rows and published events with these.
export { encodePublished, marshal, unmarshal } from './wire/index.ts'

// Types of declared things.
export type { Entity, EventDef, PublishedEvent, Reactor, Reminder, Route } from './declare/index.ts'
export type { Reminders } from './reminders/index.ts'

// Types of events, as handlers get them.
export type {
  Changed,
  Created,
  Due,
  EventMeta,
  EventOf,
  Published,
  Removed,
  Saved,
  Tick,
} from './declare/index.ts'

// Types of handlers, and of their surroundings.
export type { Context, Effect, Handler, Middleware, Need } from './declare/index.ts'

// Types of options.
export type { Every, ReactorOptions, RetryPolicy, RouteOptions, WhenExhausted } from './declare/index.ts'
export type { Duration } from './duration.ts'
