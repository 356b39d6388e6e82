/** Owns the fields by which log lines name what the engine works on. */

import { hashOf, type LogFields } from '../log/index.ts'
import { formatPosition, type Position } from '../wire/index.ts'
import type { Content } from './content.ts'
import { type Plans, type RoutePlan, unrouted } from './plan.ts'
import type { Place } from './settings.ts'
import type { Task } from './task.ts'

export function placeFields({ stream, shard }: Pick<Place, 'stream' | 'shard'>): LogFields {
  return { stream, shard }
}

export function routeFields(plan: RoutePlan): LogFields {
  return plan === unrouted ? {} : { reactor: plan.reactor, route: plan.route }
}

/** What is known of a task at no cost. */
export function taskFields(
  { plan, entry, lane, attempts }: Pick<Task, 'plan' | 'entry' | 'lane' | 'attempts'>,
  place: Pick<Place, 'stream' | 'shard'>,
): LogFields {
  return {
    ...routeFields(plan),
    ...placeFields(place),
    lane: lane === '' ? undefined : lane,
    position: positionField(entry.record),
    attempt: attempts,
  }
}

/** A moment as a text; a server may ask to come back after the end of time. */
export function momentField(ms: number): string {
  const moment = new Date(ms)
  return Number.isNaN(moment.getTime()) ? 'never' : moment.toISOString()
}

export const positionField = (position: Position): string => formatPosition(position)

/** What has to be found out: for lines of which there are few. */
export function eventFields(
  content: Content | undefined,
  plan: RoutePlan,
  { wants }: Pick<Plans, 'wants'>,
): LogFields {
  if (content === undefined) return {}
  const { event } = content
  const spec = wants.find((want) => want.plan === plan && want.name === event?.name)?.spec
  return {
    event: event?.name,
    entity: spec?.kind === 'change' ? spec.entity.name : undefined,
    eventId: identityField(content),
    version: event?.version.max,
  }
}

/** Keys that stand in an identity are hashed there. Undefined where it cannot be told, as of what is too deep to be read again. */
function identityField(content: Content): string | undefined {
  try {
    return content.identity(hashOf) || undefined
  } catch {
    return undefined
  }
}
