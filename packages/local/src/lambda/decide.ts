/**
 * What becomes of a batch.
 *
 * | verdict        | bisect | then                                                                       | counts as a retry |
 * |----------------|--------|----------------------------------------------------------------------------|-------------------|
 * | done           |        | all are acknowledged                                                       |                   |
 * | failed         | off    | the batch again                                                            | yes               |
 * | failed         | on     | its two halves, one after the other; a single record again                 | no; yes           |
 * | failed from n  | off    | acknowledged before n, the rest again                                      | yes               |
 * | failed from n  | on     | acknowledged before n, the rest again; if n is the first: as if all failed | no                |
 *
 * When its retries are used up, what would be tried again is discarded instead. What is too old is discarded before it is
 * tried. Nothing is ever skipped: each record is acknowledged or discarded.
 */
import type { Verdict } from './response.ts'

export interface Policy {
  /** -1: without end. */
  readonly maximumRetryAttempts: number
  /** -1: never too old. */
  readonly maximumRecordAgeSeconds: number
  readonly bisectBatchOnFunctionError: boolean
}

export interface Sequenced {
  readonly sequenceNumber: string
  /** Milliseconds since 1970. */
  readonly arrivedAt: number
}

export interface Batch<R> {
  readonly records: readonly R[]
  /** Retries so far. */
  readonly retries: number
}

export interface Decision<R> {
  readonly acknowledged: readonly R[]
  readonly discarded: readonly R[]
  /** What is tried next, in this order. */
  readonly remaining: readonly Batch<R>[]
}

export function decide<R extends Sequenced>(
  { records, retries }: Batch<R>,
  verdict: Verdict,
  policy: Policy,
): Decision<R> {
  if (verdict === 'done') return { acknowledged: records, discarded: [], remaining: [] }
  const position =
    verdict === 'failed'
      ? 0
      : records.findIndex(({ sequenceNumber }) => sequenceNumber === verdict.failedFrom)
  // A number that is not in the batch would be -1: then nothing is acknowledged.
  const acknowledged = records.slice(0, Math.max(0, position))
  const rest = records.slice(acknowledged.length)
  if (policy.bisectBatchOnFunctionError) {
    if (acknowledged.length > 0)
      return { acknowledged, discarded: [], remaining: [{ records: rest, retries }] }
    if (rest.length > 1) {
      const middle = Math.ceil(rest.length / 2)
      const halves = [rest.slice(0, middle), rest.slice(middle)]
      return { acknowledged, discarded: [], remaining: halves.map((half) => ({ records: half, retries })) }
    }
  }
  const exhausted = policy.maximumRetryAttempts !== -1 && retries >= policy.maximumRetryAttempts
  if (exhausted) return { acknowledged, discarded: rest, remaining: [] }
  return { acknowledged, discarded: [], remaining: [{ records: rest, retries: retries + 1 }] }
}

/** Parts what is too old to be tried from what is not. */
export function expire<R extends Sequenced>(
  records: readonly R[],
  now: number,
  { maximumRecordAgeSeconds }: Policy,
) {
  const isOld = ({ arrivedAt }: R) =>
    maximumRecordAgeSeconds !== -1 && now - arrivedAt > maximumRecordAgeSeconds * 1_000
  return { expired: records.filter(isOld), fresh: records.filter((record) => !isOld(record)) }
}
