/** Owns the writing of dead letters, under an id that a repeat finds again. */

import type { DeadLetter, DeadReason } from '../ports/index.ts'
import type { StreamRecord } from '../wire/index.ts'
import type { Settings } from './configuration.ts'
import type { Place } from './match.ts'
import type { RoutePlan } from './plan.ts'

export interface Condemned {
  readonly plan: RoutePlan | undefined
  readonly record: StreamRecord
  /** Empty if the record reached no lane. */
  readonly lane: string
  readonly reason: DeadReason
  readonly detail: string
  readonly attempts: number
}

export function letterId(place: Place, { plan, record }: Pick<Condemned, 'plan' | 'record'>): string {
  const route = plan === undefined ? '-/-' : plan.key
  return `${place.application}/${route}/${place.stream}/${place.shard}/${record.sequence}/${record.subSequence}`
}

/** Resolves when the letter is durable, or the record was discarded as its route wants. */
export async function bury(settings: Settings, place: Place, condemned: Condemned): Promise<string> {
  const { plan, record, lane, reason, detail, attempts } = condemned
  const id = letterId(place, condemned)
  const fields = {
    reactor: plan?.reactor,
    route: plan?.route,
    stream: place.stream,
    shard: place.shard,
    sequence: record.sequence,
    reason,
    detail,
    attempts,
  }
  if (settings.deadLetters === undefined || plan?.whenExhausted === 'discard') {
    settings.logger.error('record discarded', fields)
    return id
  }
  const letter: DeadLetter = {
    id,
    application: place.application,
    reactor: plan?.reactor,
    route: plan?.route,
    lane,
    reason,
    detail,
    attempts,
    at: new Date(settings.clock.now()),
    stream: place.stream,
    shard: place.shard,
    sequence: record.sequence,
    subSequence: record.subSequence,
    partitionKey: record.partitionKey,
    data: record.data,
  }
  await settings.deadLetters.put(letter)
  settings.logger.error('record became a dead letter', { ...fields, letter: id })
  return id
}
