/**
 * Owns what the reactors declare, resolved once at construction: each route with its defaults filled and its capabilities chosen. Never
 * looks at a record.
 */

import type { EventSpec } from '../declare/event.ts'
import type { Effect, Handler, Middleware } from '../declare/handler.ts'
import type { Reactor } from '../declare/reactor.ts'
import type { Route, RouteOptions, WhenExhausted } from '../declare/route.ts'
import { milliseconds } from '../duration.ts'

/** The options by which a route asks for capabilities: of the route, of its reactor or of its handler. */
export type Asked = Extract<keyof RouteOptions, 'effect' | 'stale' | 'whenExhausted' | 'rate'> | 'batching'

/** What a capability says of itself to the routes. */
export interface Served {
  readonly name: string
  /** The option that asks for it, and the option's value if other values mean something else. */
  readonly serves: { readonly option: Asked; readonly value?: string }
  /** Where an attempt passes it. */
  readonly place: 'turn' | 'lane' | 'write-ahead' | 'call'
  /** Of one that gathers events before it calls the handler: how long an event may wait for others, in milliseconds. */
  gathering?(handler: Handler<never>): number
}

/** A route with its defaults filled. */
export interface RoutePlan {
  /** Its place among the application's routes; -1 for {@link unrouted}. */
  readonly index: number
  /** `reactor/route`: names it in the state store, in journals and dead letters. */
  readonly key: string
  /** Its own, then those of its former ids. */
  readonly keys: readonly string[]
  readonly reactor: string
  readonly route: string
  readonly handler: Handler<never>
  readonly options: RouteOptions
  readonly effect: Effect
  readonly attempts: number
  readonly base: number
  readonly max: number
  readonly timeout: number
  readonly whenExhausted: WhenExhausted
  readonly middleware: readonly Middleware[]
  /** Attempts at the same time in this process. */
  readonly concurrency: number
  /** What must be up, as far as its handler declares. */
  readonly dependencies: readonly string[]
  /** In the order of their places. */
  readonly capabilities: readonly Served[]
  /** Its events are gathered before the handler is called: the gate is asked for the whole, and not for each. */
  readonly gathers: boolean
  /** How long an event may wait to be gathered with others, in milliseconds. */
  readonly gathering: number
}

/** Calls of a gathering route that run at the same time, unless it says otherwise: they do not count as the engine's. */
const GATHERED = 4

/** A route and one event that it wants. */
export interface Want<Spec = EventSpec> {
  readonly plan: RoutePlan
  readonly name: string
  readonly spec: Spec
}

export interface Plans {
  readonly routes: readonly RoutePlan[]
  readonly wants: readonly Want[]
}

export function planRoutes(
  reactors: readonly Reactor[],
  capabilities: readonly Served[],
  around: readonly Middleware[] = [],
): Plans {
  const routes: RoutePlan[] = []
  const wants: Want[] = []
  for (const reactor of reactors) {
    for (const route of reactor.routes) {
      const plan = planOf(routes.length, reactor, route, capabilities, around)
      routes.push(plan)
      for (const { name, spec } of new Set(route.events)) wants.push({ plan, name, spec })
    }
  }
  return { routes, wants }
}

/** The events that each route wants, by the route's index. */
export function wantsOf({ routes, wants }: Plans): readonly (readonly Want[])[] {
  const byRoute = routes.map((): Want[] => [])
  for (const want of wants) byRoute[want.plan.index]?.push(want)
  return byRoute
}

function planOf(
  index: number,
  reactor: Pick<Reactor, 'name' | 'options'>,
  route: Route,
  capabilities: readonly Served[],
  around: readonly Middleware[],
): RoutePlan {
  const { id, handler, options } = route
  const retry = { ...reactor.options.retry, ...options.retry }
  const asked = askedBy(reactor, route)
  const chosen = capabilities.filter(({ serves }) => isAsked(asked, serves))
  const gathering = chosen.find((each) => each.gathering !== undefined)?.gathering?.(handler)
  const gathers = gathering !== undefined
  return {
    index,
    key: `${reactor.name}/${id}`,
    keys: [id, ...(options.formerly ?? [])].map((name) => `${reactor.name}/${name}`),
    reactor: reactor.name,
    route: id,
    handler,
    options,
    effect: asked.effect,
    attempts: retry.attempts ?? 5,
    base: milliseconds(retry.base ?? '1s'),
    max: milliseconds(retry.max ?? '1m'),
    timeout: milliseconds(options.timeout ?? '30s'),
    whenExhausted: asked.whenExhausted,
    middleware: [...around, ...(reactor.options.middleware ?? [])],
    concurrency: options.concurrency ?? (gathers ? GATHERED : Number.POSITIVE_INFINITY),
    dependencies: (handler.needs ?? []).flatMap(({ dependency }) => dependency ?? []),
    capabilities: chosen,
    gathers,
    gathering: gathering ?? 0,
  }
}

/** What a route says by the options that may ask for a capability, with their defaults. */
function askedBy(reactor: Pick<Reactor, 'options'>, { handler, options }: Route) {
  return {
    effect: options.effect ?? handler.effect ?? 'journal',
    whenExhausted: options.whenExhausted ?? reactor.options.whenExhausted ?? 'dead-letter',
    stale: options.stale,
    rate: options.rate,
    batching: handler.batching,
  } satisfies Record<Asked, unknown>
}

type Answers = ReturnType<typeof askedBy>

function isAsked(asked: Answers, { option, value }: Served['serves']): boolean {
  const given = asked[option]
  return value === undefined ? given !== undefined : given === value
}

/** What the kernel itself means by the words of these options; every other value needs a capability. */
const KERNEL: Readonly<Record<Asked, readonly unknown[]>> = {
  effect: ['idempotent', 'journal'],
  whenExhausted: ['dead-letter', 'halt', 'discard'],
  stale: [undefined],
  rate: [undefined],
  batching: [undefined],
}

/** Options that ask for something that no capability serves. */
export function unservedProblems(
  reactors: readonly Reactor[],
  capabilities: readonly Served[],
): readonly string[] {
  return reactors.flatMap((reactor) =>
    reactor.routes.flatMap((route) => {
      const asked = askedBy(reactor, route)
      // The names of a record over `Asked`.
      return (Object.keys(KERNEL) as Asked[]).flatMap((option) => {
        const words = KERNEL[option]
        const served = capabilities.some(({ serves }) => serves.option === option && isAsked(asked, serves))
        if (served || words.includes(asked[option])) return []
        const known = [
          ...words,
          ...capabilities.flatMap(({ serves }) => (serves.option === option ? serves.value : [])),
        ]
        const given = typeof asked[option] === 'string' ? `'${asked[option]}'` : 'given'
        const expected = known.flatMap((word) =>
          word === undefined ? 'that it is left out' : `'${String(word)}'`,
        )
        return `'${option}' of the route '${reactor.name}/${route.id}' is ${given}, which this engine does not serve: expected ${expected.join(' or ')}`
      })
    }),
  )
}

/** Stands in for the route of a record that reached none: only its letter is to be written. */
export const unrouted: RoutePlan = {
  ...planOf(-1, { name: '', options: {} }, { id: '', events: [], handler: () => {}, options: {} }, [], []),
  key: '',
  keys: [],
}
