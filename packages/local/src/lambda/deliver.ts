import { type Batch, decide, expire, type Policy, type Sequenced } from './decide.ts'
import type { Verdict } from './response.ts'

export type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded'

export interface Delivery<R> {
  readonly policy: Policy
  readonly now: () => number
  /** Runs the function once over the records. Never rejects. */
  readonly invoke: (records: readonly R[]) => Promise<Verdict>
  /** Hands records to the on-failure destination; `invocations` counts what was tried. Resolves once they are safe there. */
  readonly discard: (records: readonly R[], condition: Condition, invocations: number) => Promise<void>
  /** Waits before the given retry, counted from 1 anew for every page of records. */
  readonly pause: (failure: number) => Promise<void>
  /** Told each time that the first of the records are dealt with, up to the given one. */
  readonly settled: (last: R) => void
  readonly signal: AbortSignal
}

/** Brings a batch to its end: resolves when each record is acknowledged or discarded, or when the signal is aborted. */
export async function deliver<R extends Sequenced>(
  records: readonly R[],
  delivery: Delivery<R>,
): Promise<void> {
  const { policy, now, invoke, discard, pause, settled, signal } = delivery
  let queue: readonly Batch<R>[] = [{ records, retries: 0 }]
  let invocations = 0
  let failures = 0

  function goOn(next: typeof queue): void {
    queue = next
    const [firstOpen] = next[0]?.records ?? []
    const last = firstOpen === undefined ? records.at(-1) : records[records.indexOf(firstOpen) - 1]
    // What a shutdown kept from its destination is not dealt with.
    if (last !== undefined && !signal.aborted) settled(last)
  }

  while (!signal.aborted) {
    const [batch, ...later] = queue
    if (!batch) return
    const { expired, fresh } = expire(batch.records, now(), policy)
    if (expired.length > 0) await discard(expired, 'RecordAgeExceeded', invocations)
    if (fresh.length === 0) {
      goOn(later)
      continue
    }
    const verdict = await invoke(fresh)
    // An invocation that a shutdown cut short says nothing about its records.
    if (signal.aborted) return
    invocations += 1
    const { discarded, remaining } = decide({ records: fresh, retries: batch.retries }, verdict, policy)
    if (discarded.length > 0) await discard(discarded, 'RetryAttemptsExhausted', invocations)
    goOn([...remaining, ...later])
    failures = verdict === 'done' ? 0 : failures + 1
    if (remaining.length > 0) await pause(failures)
  }
}
