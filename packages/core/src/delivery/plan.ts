/**
 * Owns what the reactors declare, resolved once at construction: each route with its defaults filled, found by what can
 * arrive. Never looks at a record.
 */

import type { Batching } from '../domain/batch.ts'
import type {
  ChangeKind,
  ChangeSpec,
  EventDef,
  PublishedSpec,
  ReminderSpec,
  ScheduleSpec,
} from '../domain/event.ts'
import type { Effect, Handler, Middleware } from '../domain/handler.ts'
import type { Reactor } from '../domain/reactor.ts'
import type { WhenExhausted } from '../domain/route.ts'
import { milliseconds, spacing } from '../duration.ts'

/** A route with its defaults filled. */
export interface RoutePlan {
  /** Its place among the application's routes; -1 for {@link unrouted}. */
  readonly index: number
  /** `reactor/route`: names it in journals, claims and dead letters. */
  readonly key: string
  /** Its own, then those of its former ids. */
  readonly keys: readonly string[]
  readonly reactor: string
  readonly route: string
  readonly handler: Handler<never>
  readonly effect: Effect
  readonly attempts: number
  readonly base: number
  readonly max: number
  readonly timeout: number
  readonly whenExhausted: WhenExhausted
  readonly stale: 'skip' | undefined
  readonly batching: Batching | undefined
  readonly middleware: readonly Middleware[]
  /** Attempts at the same time in this process. */
  readonly concurrency: number
  /** Milliseconds between two starts. */
  readonly spacing: number
  /** What must be up, as far as its handler declares. */
  readonly dependencies: readonly string[]
  /** Nothing stands between its turn and its handler: no claim, guard, middleware or batch, and its lane is never parked. */
  readonly direct: boolean
}

/** Batches of a route that run at the same time, unless it says otherwise: they do not count as the engine's. */
const BATCHES = 4

/** A route and one event that it wants. */
export interface Want<Spec> {
  readonly plan: RoutePlan
  readonly name: string
  readonly spec: Spec
}

export interface Plans {
  readonly routes: readonly RoutePlan[]
  readonly byKey: ReadonlyMap<string, RoutePlan>
  readonly changes: ReadonlyMap<string, readonly Want<ChangeSpec>[]>
  /** Whether a route wants a change of this kind in this table. */
  readonly wanted: (table: string, kind: ChangeKind) => boolean
  readonly published: ReadonlyMap<string, readonly Want<PublishedSpec>[]>
  readonly reminders: ReadonlyMap<string, readonly Want<ReminderSpec>[]>
  /** By the route's key. */
  readonly schedules: ReadonlyMap<string, readonly Want<ScheduleSpec>[]>
}

export function planRoutes(reactors: readonly Reactor[], around: readonly Middleware[] = []): Plans {
  const routes: RoutePlan[] = []
  const changes = new Map<string, Want<ChangeSpec>[]>()
  const published = new Map<string, Want<PublishedSpec>[]>()
  const reminders = new Map<string, Want<ReminderSpec>[]>()
  const schedules = new Map<string, Want<ScheduleSpec>[]>()
  for (const reactor of reactors) {
    for (const route of reactor.routes) {
      const plan = planOf(routes.length, reactor, route, around)
      routes.push(plan)
      for (const { name, spec } of new Set(route.events)) {
        if (spec.kind === 'change') append(changes, spec.entity.table, { plan, name, spec })
        else if (spec.kind === 'published') append(published, name, { plan, name, spec })
        else if (spec.kind === 'reminder') append(reminders, name, { plan, name, spec })
        else for (const key of plan.keys) append(schedules, key, { plan, name, spec })
      }
    }
  }
  const kinds = new Map<string, Set<ChangeKind>>()
  for (const [table, wants] of changes) kinds.set(table, new Set(wants.flatMap(({ spec }) => spec.on)))
  const wanted = (table: string, kind: ChangeKind) => kinds.get(table)?.has(kind) ?? false
  const byKey = new Map(routes.flatMap((plan) => plan.keys.map((key) => [key, plan])))
  return { routes, byKey, changes, wanted, published, reminders, schedules }
}

function planOf(
  index: number,
  reactor: Pick<Reactor, 'name' | 'options'>,
  { id, handler, options }: Reactor['routes'][number],
  around: readonly Middleware[],
): RoutePlan {
  const retry = { ...reactor.options.retry, ...options.retry }
  const effect = options.effect ?? handler.effect ?? 'journal'
  const whenExhausted = options.whenExhausted ?? reactor.options.whenExhausted ?? 'dead-letter'
  const middleware = [...around, ...(reactor.options.middleware ?? [])]
  const { stale } = options
  const { batching } = handler
  const key = `${reactor.name}/${id}`
  const keys = [id, ...(options.formerly ?? [])].map((name) => `${reactor.name}/${name}`)
  return {
    index,
    key,
    keys,
    reactor: reactor.name,
    route: id,
    handler,
    effect,
    attempts: retry.attempts ?? 5,
    base: milliseconds(retry.base ?? '1s'),
    max: milliseconds(retry.max ?? '1m'),
    timeout: milliseconds(options.timeout ?? '30s'),
    whenExhausted,
    stale,
    batching,
    middleware,
    concurrency: options.concurrency ?? (batching === undefined ? Number.POSITIVE_INFINITY : BATCHES),
    spacing: options.rate === undefined ? 0 : spacing(options.rate),
    dependencies: (handler.needs ?? []).flatMap(({ dependency }) => dependency ?? []),
    direct:
      effect !== 'claim' &&
      stale === undefined &&
      batching === undefined &&
      middleware.length === 0 &&
      whenExhausted !== 'park',
  }
}

/** Stands in for the route of a record that reached none: only its letter is to be written. */
export const unrouted: RoutePlan = {
  ...planOf(-1, { name: '', options: {} }, { id: '', events: [], handler: () => {}, options: {} }, []),
  key: '',
  keys: [],
  direct: false,
}

function append<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [item])
  else list.push(item)
}

/** Two definitions that share a name, which would make one of them mean the other's records. */
export function nameClashes(reactors: readonly Reactor[]): string[] {
  const known = new Map<string, EventDef>()
  const clashes = new Set<string>()
  for (const def of reactors.flatMap((reactor) => reactor.routes.flatMap((route) => route.events))) {
    // Ticks are addressed to their route.
    if (def.spec.kind === 'schedule') continue
    const other = known.get(def.name)
    if (other !== undefined && other.spec !== def.spec) clashes.add(def.name)
    known.set(def.name, def)
  }
  return [...clashes]
}
