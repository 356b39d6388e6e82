/** Owns the names of the items in the state store, which all begin with the application, and the reading of lists in them. */

import { createHash } from 'node:crypto'
import type { RoutePlan } from './plan.ts'

/** Of an event's claim: the route's own, then those of its former ids. */
export function claimKeys(application: string, plan: RoutePlan, identity: string): string[] {
  return keysOf(application, 'claim', plan, identity)
}

/** Of a lane's guard. */
export function guardKeys(application: string, plan: RoutePlan, lane: string): string[] {
  return keysOf(application, 'guard', plan, lane)
}

function keysOf(application: string, kind: string, { keys }: RoutePlan, name: string): string[] {
  return keys.map((route) => `${application}/${kind}/${route}/${nameOf(name)}`)
}

/** Ids and keys are chosen by users; a store's keys end at 1,024 bytes. */
export function nameOf(text: string): string {
  return text.length > 200 ? createHash('sha256').update(text).digest('base64url') : text
}

/** The texts of a list in an item; none if it holds something else. */
export function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}
