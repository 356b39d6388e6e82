import {
  bare,
  callable,
  called,
  check,
  choice,
  closed,
  count,
  duration,
  isText,
  keyPart,
  like,
  list,
  rate,
  record,
  required,
  type Shape,
  type ShapesOf,
} from '../shapes.ts'
import type { EventDef, EventOf } from './event.ts'
import { type Handler, MARKS, type Middleware } from './handler.ts'
import {
  type RetryPolicy,
  type Route,
  type RouteOptions,
  route,
  WHEN_EXHAUSTED,
  type WhenExhausted,
} from './route.ts'
import { type Every, SCHEDULE, scheduleProblems, type Tick, ticking } from './schedule.ts'

export interface ReactorOptions {
  /** How often and how late its routes try again. @default 5 attempts, '1s' to '1m' */
  readonly retry?: RetryPolicy
  /** What happens to a record that has used up its attempts. @default 'dead-letter' */
  readonly whenExhausted?: WhenExhausted
  /** Around every attempt of its routes, the first one outermost; inside the engine's own. @default none */
  readonly middleware?: readonly Middleware[]
}

/** A named set of routes. */
export interface Reactor {
  readonly name: string
  readonly options: ReactorOptions
  readonly routes: readonly Route[]
  /**
   * Adds a route. The handler's event type follows from `events`, also through handler factories. Returns the same
   * reactor: the cost of type checking grows with the number of routes, not with its square.
   *
   * @throws ConfigurationError for an id that is taken or malformed, or options that make no sense
   */
  on<const D extends EventDef | readonly EventDef[]>(
    id: string,
    events: D,
    handler: Handler<EventOf<D>>,
    options?: RouteOptions,
  ): this
  /**
   * Adds a route that runs once for each window of time. The ticks arrive on the stream like everything else; see `tickEnvelope`.
   *
   * @throws ConfigurationError as `on` does, and for a malformed schedule
   * @example
   * reactor('error-watch').every('count-errors', { each: '5m', delay: '30s' }, async (tick) => {
   *   console.log(tick.from, tick.to)
   * })
   */
  every(id: string, schedule: Every, handler: Handler<Tick>, options?: RouteOptions): this
  /** Adds a route made with `route()`. */
  use(route: Route): this
}

const ID = keyPart(64)

/** What a reactor says for all of its routes, and a route for itself. */
const COMMON = {
  retry: record({
    attempts: count(),
    base: duration('1s'),
    max: duration('1m'),
  } satisfies ShapesOf<RetryPolicy>),
  whenExhausted: choice(...WHEN_EXHAUSTED),
}

export const REACTOR = {
  name: required(ID),
  options: closed({ ...COMMON, middleware: list(callable) } satisfies ShapesOf<ReactorOptions>),
}

const EVENT: Shape = like(
  'what an entity, event() or reminder() made (an import cycle leaves it undefined)',
  (event) => 'kind' in Object(Object(event).spec),
)

export const ROUTE = {
  route: bare({
    id: required(ID),
    events: required(list(EVENT, 'at least one event', 1)),
    handler: required({ ...callable, fields: MARKS }),
    options: closed({
      ...COMMON,
      effect: MARKS.effect,
      timeout: duration('30s', 1),
      concurrency: count(),
      rate,
      stale: choice('skip'),
      formerly: list(ID),
    } satisfies ShapesOf<RouteOptions>),
  } satisfies ShapesOf<Route>),
}

export const EVERY = { schedule: SCHEDULE }

/**
 * A reactor, usually the result of a function of its dependencies.
 *
 * @throws ConfigurationError for a malformed name or retry policy
 * @example
 * const greeter = reactor('greeter', { retry: { attempts: 5 } }).on('greet', joined, (e) => greet(e.after.name))
 */
export function reactor(name: string, options: ReactorOptions = {}): Reactor {
  check(called('reactor', name), REACTOR, { name, options })
  const routes: Route[] = []
  const subject = (id: unknown) => `${called('route', id)} of reactor '${name}'`
  const self: Reactor = {
    name,
    options,
    routes,
    on: (id, events, handler, options) => self.use(route(id, events, handler, options)),
    every: (id, schedule, handler, options) => {
      check(subject(id), EVERY, { schedule }, () => scheduleProblems(schedule))
      return self.use(route(id, ticking(id, schedule), handler, options))
    },
    use: (added) => {
      check(subject(added?.id), ROUTE, { route: added }, () => takenBy(routes, added))
      routes.push(added)
      return self
    },
  }
  return self
}

/** Ids are durable state: none stands for two routes. */
function takenBy(routes: readonly Route[], added: Route): string[] {
  const taken = new Set(routes.flatMap(idsOf))
  return idsOf(added)
    .filter((id) => taken.has(id))
    .map((id) => `the id '${id}' is taken: expected one that no route of the reactor has or had`)
}

function idsOf(route: Route): string[] {
  const { id, options } = Object(route)
  const { formerly } = Object(options)
  return [id, ...(Array.isArray(formerly) ? formerly : [])].filter(isText)
}
