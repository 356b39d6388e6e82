/**
 * Owns direct invocations: an event that is one envelope itself, as Step Functions' `lambda:invoke` or a schedule with the function as its
 * target gives it. It goes the way of a record, whose place follows from the envelope: what comes again is known again, with its attempts.
 *
 * There is no order between direct invocations and the records of a stream, nor among them: a reminder's state, and a schedule's, decide
 * what becomes of what comes late or twice.
 */

import { SpaceshipError } from '@spaceship/core'
import { sha256 } from '@spaceship/core/adapter'
import { notKinesis, type ShardBatch } from './event.ts'

/** A due reminder or a tick, as a schedule or a state machine hands it to the function. */
export interface DirectInvocation {
  readonly spaceship: 1
  readonly kind: 'reminder' | 'tick'
  /** What the envelope names. */
  readonly [field: string]: unknown
}

/** The place of such records in logs and dead letters. */
const PLACE = { stream: 'invocation', shard: 'direct' }

/**
 * The envelope as the only record of a batch; undefined if the event is something else.
 *
 * @throws SpaceshipError `not-kinesis` for a reminder of another application: its scheduler would take it for sent
 */
export function invocationOf(event: unknown, now: number, own: string): ShardBatch | undefined {
  const { spaceship, kind, application } = Object(event)
  if (spaceship !== 1 || (kind !== 'reminder' && kind !== 'tick')) return undefined
  if (kind === 'reminder' && application !== own)
    throw notKinesis(`it is a reminder of '${application}', not '${own}'`)
  const data = Buffer.from(JSON.stringify(event))
  const partitionKey = sha256(data, 'hex').slice(0, 32)
  const sequence = BigInt(`0x1${partitionKey}`).toString()
  const record = { sequence, subSequence: 0, partitionKey, data, arrivedAt: new Date(now) }
  return { ...PLACE, records: [record] }
}

/** Tells the caller to invoke the function again. Lambda hands the error's name on, and the Retry of a state machine looks at it. */
export function unfinishedInvocation(options?: ErrorOptions): SpaceshipError {
  const message = 'the envelope is not handled yet, as the log says: invoke the function again'
  return Object.assign(new SpaceshipError('unfinished', message, options), { name: 'Unfinished' })
}
