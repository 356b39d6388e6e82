/** Owns which routes of a reactor a backfill runs. */

import type { ChangeSpec } from '../declare/event.ts'
import type { EventDef, Reactor, Route } from '../declare/index.ts'
import type { RouteDescription } from '../engine/describe.ts'
import { nearestName } from '../nearest.ts'

export interface Chosen {
  /** The reactor with these routes alone. */
  readonly reactor: Reactor
  readonly routes: readonly string[]
  readonly table: string
  readonly key: readonly string[]
}

export interface Choice {
  readonly reactor: Reactor
  /** What `describe` says of it. */
  readonly described: readonly RouteDescription[]
  readonly table: string | undefined
  readonly wanted: readonly string[] | undefined
}

/**
 * Those on `saved` of the table. If none is named, those that repeats do not change: a backfill of a route that posts messages posts one for
 * each row, which somebody has to want.
 *
 * @returns what was chosen, or what is wrong
 */
export function chosenRoutes({ reactor, described, table, wanted }: Choice): Chosen | readonly string[] {
  const all = reactor.routes.flatMap((route) => {
    const specs = specsOf(route).filter((spec) => table === undefined || spec.entity.table === table)
    const effect = described.find(({ route: name }) => name === `${reactor.name}/${route.id}`)?.effect
    return specs.length === 0 ? [] : [{ route, specs, effect }]
  })
  const names = all.map(({ route }) => route.id)
  const where = table === undefined ? '' : ` of the table '${table}'`
  if (all.length === 0)
    return [`no route of '${reactor.name}' is on a 'saved' event${where}: expected one, which gets each row`]
  const unknown = (wanted ?? []).filter((id) => !names.includes(id))
  if (unknown.length > 0)
    return unknown.map((id) => {
      const nearest = nearestName(id, names)
      const meant = nearest === undefined ? '' : `; did you mean '${nearest}'?`
      return `'${id}' is no route of '${reactor.name}' on a 'saved' event${where}: expected ${names.join(', ')}${meant}`
    })
  const chosen = all.filter(({ route, effect }) =>
    wanted === undefined ? effect === 'idempotent' : wanted.includes(route.id),
  )
  if (chosen.length === 0)
    return [
      `the routes on 'saved' events (${names.join(', ')}) are not idempotent, and would act for each row of the table: expected the names of those that shall, in 'routes'`,
    ]
  const tables = [...new Set(chosen.flatMap(({ specs }) => specs.map(({ entity }) => entity.table)))]
  const [only = ''] = tables
  if (tables.length > 1)
    return [`the routes are on the tables ${tables.join(', ')}: expected one, so name the table`]
  const [spec] = chosen.flatMap(({ specs }) => specs)
  return {
    reactor: { ...reactor, routes: chosen.map(({ route }) => alone(route, reactor)) },
    routes: chosen.map(({ route }) => route.id),
    table: only,
    key: spec?.entity.key ?? [],
  }
}

/**
 * The route without what a stream's owner does beside it. The routes of the reminders that it schedules run elsewhere. A lane is parked
 * by the owner of its shard: what came of its key meanwhile would pass a row that a backfill had parked, so that is a letter of its own.
 */
function alone({ handler, options, ...route }: Route, reactor: Reactor): Route {
  const needs = handler.needs?.filter(({ verb }) => verb !== 'schedules')
  // The same function, with what stands on it.
  const same: Route['handler'] = (event, context) => handler(event, context)
  const parks = (options.whenExhausted ?? reactor.options.whenExhausted) === 'park'
  return {
    ...route,
    options: { ...options, ...(parks && { whenExhausted: 'dead-letter' }) },
    handler: Object.assign(same, handler, needs && { needs }),
  }
}

function specsOf({ events }: Route): readonly ChangeSpec[] {
  const all: readonly EventDef[] = [events].flat()
  return all.flatMap(({ spec }) => (spec.kind === 'change' && spec.on.includes('BACKFILL') ? [spec] : []))
}
