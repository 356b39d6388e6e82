export { type BatchOptions, batch } from './batch.ts'
export { type Entity, type EntityOptions, entity, type KeyNames, type KeyValue } from './entity.ts'
export type {
  Actor,
  Changed,
  Created,
  Due,
  EventDef,
  EventMeta,
  EventOf,
  Origin,
  Published,
  Redriven,
  Removed,
  Saved,
} from './event.ts'
export {
  type BatchContext,
  type Context,
  type Effect,
  type Grant,
  type Handler,
  handler,
  type Middleware,
  type Need,
  type Publish,
  type Skip,
  skip,
} from './handler.ts'
export { type Mark, startsWith, type When } from './marks.ts'
export type { AfterMatch, BeforeMatch, FieldRule, Pattern } from './pattern.ts'
export { event, type PublishedEvent } from './published.ts'
export { type Reactor, type ReactorOptions, reactor } from './reactor.ts'
export { type Reminder, reminder } from './reminder.ts'
export { type RetryPolicy, type Route, type RouteOptions, route, type WhenExhausted } from './route.ts'
export type { Every, EveryOptions, Tick } from './schedule.ts'
export type { Version } from './version.ts'
export { lastEnd, nextEnd } from './windows.ts'
