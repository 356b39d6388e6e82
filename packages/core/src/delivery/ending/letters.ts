/** Owns the writing of dead letters, under an id that a repeat finds again. */

import { codeOf } from '../../errors.ts'
import type { DeadLetter, DeadReason } from '../../ports/index.ts'
import { Unavailable } from '../../verdicts.ts'
import type { Position, StreamRecord } from '../../wire/index.ts'
import type { Settings } from '../configuration.ts'
import type { Place } from '../match/index.ts'
import { type RoutePlan, unrouted } from '../plan.ts'

export interface Condemned {
  readonly id: string
  readonly plan: RoutePlan
  readonly record: StreamRecord
  readonly lane: string
  readonly reason: DeadReason
  readonly detail: string
  readonly attempts: number
}

/** @param part of the record that the letter is about, if it is not the whole */
export function letterId(
  place: Place,
  plan: RoutePlan,
  { sequence, subSequence }: Position,
  part?: string,
): string {
  const route = plan === unrouted ? '-/-' : plan.key
  return `${place.application}/${route}/${place.stream}/${place.shard}/${sequence}/${subSequence}${part === undefined ? '' : `/${part}`}`
}

/** Resolves when the letter is durable, or the record was discarded as its route wants. */
export async function bury(
  { clock, deadLetters, logger }: Pick<Settings, 'clock' | 'deadLetters' | 'logger'>,
  place: Place,
  condemned: Condemned,
): Promise<void> {
  const { id, plan, record, lane, reason, detail, attempts } = condemned
  const { sequence, subSequence, partitionKey, data } = record
  const { application, stream, shard } = place
  const [reactor, route] = plan === unrouted ? [] : [plan.reactor, plan.route]
  const fields = { reactor, route, stream, shard, sequence, reason, detail, attempts }
  if (deadLetters === undefined || plan.whenExhausted === 'discard')
    return logger.error('record discarded', fields)
  const at = new Date(clock.now())
  const about = { id, application, reactor, route, lane, reason, detail, attempts, at }
  const letter: DeadLetter = { ...about, stream, shard, sequence, subSequence, partitionKey, data }
  await deadLetters.put(letter).catch((cause) => {
    if (codeOf(cause) === 'unavailable') throw cause
    throw new Unavailable('dead-letters', 'the dead letter could not be written', { cause })
  })
  logger.error('record became a dead letter', { ...fields, letter: id })
}
