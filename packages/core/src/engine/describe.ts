/** Owns what is told of routes as data: for documents, maps and permissions. Runs nothing. */

import type { Need } from '../declare/handler.ts'
import type { Reactor } from '../declare/reactor.ts'
import { required } from '../shapes.ts'
import { REACTOR } from './options.ts'
import { planRoutes, type Served, wantsOf } from './plan.ts'
import { PLACES } from './stage.ts'

export const DESCRIBE = { reactor: required(REACTOR) }

/** A route in words, as an engine would run it. */
export interface RouteDescription {
  /** `reactor/route`. */
  readonly route: string
  /** The names of the events that it wants. */
  readonly events: readonly string[]
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
    events: (wants[plan.index] ?? []).map(({ name }) => name),
    stages: stagesOf(plan.capabilities, plan.middleware.length > 0),
    needs: plan.handler.needs ?? [],
  }))
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
