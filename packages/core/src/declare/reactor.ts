import {
  choiceProblems,
  countProblems,
  durationProblems,
  functionProblems,
  functionsProblems,
  isName,
  keyProblems,
  optionsOf,
  shown,
} from '../configuration.ts'
import { spacing } from '../duration.ts'
import { refuse } from '../errors.ts'
import type { EventDef, EventOf } from './event.ts'
import type { Handler, Middleware, Need } from './handler.ts'
import { type RetryPolicy, type Route, type RouteOptions, route, type WhenExhausted } from './route.ts'
import { type Every, everyProblems, type Tick, ticking } from './schedule.ts'

export interface ReactorOptions {
  readonly retry?: RetryPolicy
  /** @default 'dead-letter' */
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

const EFFECTS = ['idempotent', 'journal', 'claim']
const ENDS = ['dead-letter', 'park', 'halt', 'discard']

/**
 * A reactor, usually the result of a function of its dependencies.
 *
 * @throws ConfigurationError for a malformed name or retry policy
 * @example
 * const greeter = reactor('greeter', { retry: { attempts: 5 } }).on('greet', joined, (e) => greet(e.after.name))
 */
export function reactor(name: string, options: ReactorOptions = {}): Reactor {
  const problems = keyProblems(`the name '${shown(name)}'`, name, 64)
  const { retry, whenExhausted, middleware } = optionsOf(options, problems)
  refuse(`reactor '${shown(name)}'`, [
    ...problems,
    ...retryProblems(retry),
    ...choiceProblems('whenExhausted', whenExhausted, ENDS),
    ...functionsProblems('middleware', middleware),
  ])
  const routes: Route[] = []
  const self: Reactor = {
    name,
    options,
    routes,
    on: (id, events, handler, options) => self.use(route(id, events, handler, options)),
    every: (id, schedule, handler, options) => {
      refuse(`route '${shown(id)}' of reactor '${name}'`, everyProblems(schedule))
      return self.use(route(id, ticking(id, schedule), handler, options))
    },
    use: (added) => {
      refuse(`route '${shown(added?.id)}' of reactor '${name}'`, problemsOf(added, routes))
      routes.push(added)
      return self
    },
  }
  return self
}

function problemsOf(added: Route, routes: readonly Route[]): string[] {
  const problems: string[] = []
  const { id, events, handler, options } = optionsOf(added, problems, 'the route')
  const { timeout, retry, effect, whenExhausted, concurrency, rate, stale, formerly } = optionsOf(
    options,
    problems,
  )
  const taken = new Set(routes.flatMap((other) => [other.id, ...(other.options.formerly ?? [])]))
  const ids = [id, ...(Array.isArray(formerly) ? formerly : [])]
  const list = Array.isArray(events) ? events : []
  return [
    ...problems,
    ...ids.flatMap((id) => keyProblems(`the id '${shown(id)}'`, id, 64)),
    ...ids
      .filter((id) => taken.has(id))
      .map(
        (id) => `the id '${shown(id)}' is taken: ids are durable state and must be unique within a reactor`,
      ),
    ...(formerly === undefined || Array.isArray(formerly) ? [] : ["'formerly' must be a list of ids"]),
    ...(list.length === 0 ? ['it names no event: give one'] : []),
    ...list.flatMap((event, index) =>
      'kind' in Object(event?.spec)
        ? []
        : [
            `its event ${index + 1} is no event: give what an entity, event() or reminder() made; an import cycle leaves it undefined`,
          ],
    ),
    ...functionProblems({ handler }),
    ...needProblems(handler?.needs),
    ...durationProblems({ timeout }, '30s', 1),
    ...choiceProblems('effect', effect === undefined ? handler?.effect : effect, EFFECTS),
    ...choiceProblems('whenExhausted', whenExhausted, ENDS),
    ...choiceProblems('stale', stale, ['skip']),
    ...countProblems({ concurrency }),
    ...(rate === undefined || (typeof rate === 'string' && Number.isFinite(spacing(rate)))
      ? []
      : [`rate '${shown(rate)}' is not one such as '10/s', '100/m' or '5/h'`]),
    ...retryProblems(retry),
  ]
}

/** Handler factories declare them, and the engine reads them when it is made. */
function needProblems(needs: readonly Need[] = []): string[] {
  const good = Array.isArray(needs) && needs.every((need) => isName(need?.verb) && isName(need.target))
  return good ? [] : ["its handler's 'needs' must be a list of { verb, target }"]
}

function retryProblems(policy: RetryPolicy | undefined): string[] {
  const problems: string[] = []
  const { attempts, base, max } = optionsOf(policy, problems, "'retry'")
  return [
    ...problems,
    ...countProblems({ 'retry.attempts': attempts }),
    ...durationProblems({ 'retry.base': base, 'retry.max': max }, '1s'),
  ]
}
