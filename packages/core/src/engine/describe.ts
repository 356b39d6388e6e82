/** Owns what is told of routes as data: for documents, maps and permissions. Runs nothing. */

import type { ScheduleSpec } from '../declare/event.ts'
import type { Effect, Need } from '../declare/handler.ts'
import type { Reactor } from '../declare/reactor.ts'
import type { WhenExhausted } from '../declare/route.ts'
import { required } from '../shapes.ts'
import { REACTOR } from './options.ts'
import { planRoutes, type Served, type Want, wantsOf } from './plan.ts'
import { PLACES } from './stage.ts'

export const DESCRIBE = { reactor: required(REACTOR) }

export interface ScheduleDescription extends Pick<ScheduleSpec, 'delay' | 'overlap' | 'catchUp' | 'via'> {
  readonly each?: number
  readonly cron?: { readonly expression: string; readonly zone: string }
}

/** A route in words, as an engine would run it. */
export interface RouteDescription {
  /** `reactor/route`. */
  readonly route: string
  /** The ids that it had before. */
  readonly formerly: readonly string[]
  /** The names of the events that it wants. */
  readonly events: readonly string[]
  /** Of a route made with `every`: its windows, in milliseconds, or the expression that says where they end. */
  readonly schedule?: ScheduleDescription
  readonly effect: Effect
  /** How often and how late it tries again, in milliseconds. */
  readonly retry: { readonly attempts: number; readonly base: number; readonly max: number }
  /** How long an attempt may take, in milliseconds. */
  readonly timeout: number
  readonly whenExhausted: WhenExhausted
  /** What an attempt passes, in order: capabilities by their names, then `middleware`, then `handler` or what calls it. */
  readonly stages: readonly string[]
  /** What its handler touches, as its factory declared it. */
  readonly needs: readonly Need[]
}

export function describeRoutes(
  reactors: readonly Reactor[],
  capabilities: readonly Served[],
): readonly RouteDescription[] {
  const plans = planRoutes(reactors, capabilities)
  const wants = wantsOf(plans)
  return plans.routes.map((plan) => ({
    route: plan.key,
    formerly: plan.options.formerly ?? [],
    events: (wants[plan.index] ?? []).map(({ name }) => name),
    ...scheduleOf(wants[plan.index] ?? []),
    effect: plan.effect,
    retry: { attempts: plan.attempts, base: plan.base, max: plan.max },
    timeout: plan.timeout,
    whenExhausted: plan.whenExhausted,
    stages: stagesOf(plan.capabilities, plan.middleware.length > 0),
    needs: plan.handler.needs ?? [],
  }))
}

function scheduleOf(wants: readonly Want[]): Pick<RouteDescription, 'schedule'> {
  const [schedule] = wants.flatMap(({ spec }) => (spec.kind === 'schedule' ? spec : []))
  if (schedule === undefined) return {}
  const { windows, delay, overlap, catchUp, via } = schedule
  const ends =
    typeof windows === 'number'
      ? { each: windows }
      : { cron: { expression: windows.expression, zone: windows.zone } }
  return { schedule: { ...ends, delay, overlap, catchUp, via } }
}

/** The stages of a route, in the order in which an attempt passes them. */
export function stagesOf(capabilities: readonly Served[], hasMiddleware: boolean): readonly string[] {
  return PLACES.flatMap((place) => {
    const names = capabilities.flatMap((each) => (each.place === place ? each.name : []))
    if (place === 'middleware') return hasMiddleware ? ['middleware'] : []
    if (place === 'call') return names.length > 0 ? names : ['handler']
    return names
  })
}
