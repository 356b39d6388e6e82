/** Owns the writing of dead letters, under an id that a repeat finds again. */

import { codeOf } from '../errors.ts'
import { textIn } from '../foreign.ts'
import type { LogFields } from '../log/index.ts'
import type { DeadLetter, DeadReason } from '../ports/index.ts'
import { Unavailable } from '../verdicts.ts'
import { sha256 } from '../wire/digest.ts'
import type { Position, StreamRecord } from '../wire/index.ts'
import { type RoutePlan, unrouted } from './plan.ts'
import type { Place, Settings } from './settings.ts'

/** A letter before it is written. */
export interface LetterDraft {
  readonly id: string
  readonly plan: RoutePlan
  readonly record: StreamRecord
  readonly place: Place
  readonly lane: string
  readonly reason: DeadReason
  readonly detail: string
  readonly attempts: number
  /** What log lines say of its record. */
  readonly about: LogFields
  /** What tells it from the letters of other parts of its record. */
  readonly part: string | undefined
}

/** The id of a letter by where its record stands. */
export function letterId(
  place: Place,
  plan: RoutePlan,
  { sequence, subSequence }: Position,
  part?: string,
): string {
  const where = `${place.stream}/${place.shard}/${sequence}/${subSequence}`
  return `${prefixOf(place, plan)}/${where}${part === undefined ? '' : `/${part}`}`
}

/** The id of a letter by what happened: an event that arrives twice and is given up on twice has one letter. */
export function letterIdOf(place: Place, plan: RoutePlan, fingerprint: string): string {
  // A digest: keys stand in what names an event, and ids of letters in logs.
  return `${prefixOf(place, plan)}/event/${sha256(fingerprint)}`
}

function prefixOf({ application }: Place, plan: RoutePlan): string {
  return `${application}/${plan === unrouted ? '-/-' : plan.key}`
}

/** Resolves when the letter is durable, or the record was discarded as its route wants. */
export async function writeLetter(
  settings: Pick<Settings, 'clock' | 'deadLetters' | 'logger'>,
  { id, plan, record, place, lane, reason, detail, attempts, about: said }: LetterDraft,
): Promise<void> {
  const { clock, deadLetters, logger } = settings
  const { sequence, subSequence, partitionKey, data } = record
  const { application, stream, shard } = place
  const [reactor, route] = plan === unrouted ? [] : [plan.reactor, plan.route]
  const fields: LogFields = { ...said, reason, details: { detail } }
  if (deadLetters === undefined || isDiscarded(settings, plan))
    return logger.error('record discarded', { ...fields, outcome: 'discarded' })
  const at = new Date(clock.now())
  const about = { id, application, reactor, route, lane, reason, detail, attempts, at }
  const letter: DeadLetter = { ...about, stream, shard, sequence, subSequence, partitionKey, data }
  await deadLetters.put(letter).catch((cause) => {
    if (codeOf(cause) === 'unavailable') throw cause
    // Its name only: what a store says may quote what was sent.
    const name = textIn(cause, 'name') ?? typeof cause
    throw new Unavailable('dead-letters', `the dead letter could not be written: ${name}`, { cause })
  })
  // One line tells of a parked lane, not one for each record behind it.
  if (reason === 'parked')
    logger.debug('record kept in its parked lane', { ...fields, outcome: 'parked', letter: id })
  else logger.error('record became a dead letter', { ...fields, outcome: 'dead-letter', letter: id })
}

/** Whether nothing is kept of a record that is given up on. */
export function isDiscarded({ deadLetters }: Pick<Settings, 'deadLetters'>, plan: RoutePlan): boolean {
  return deadLetters === undefined || (plan !== unrouted && plan.whenExhausted === 'discard')
}
