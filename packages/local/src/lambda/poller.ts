import type { Clock } from '@spaceship/core/ports'
import { batchLength, type ShardRecord } from './event.ts'
import type { ShardReader } from './reader.ts'

export interface PollerOptions {
  readonly reader: ShardReader
  readonly batchSize: number
  readonly batchingWindowMs: number
  readonly pollIntervalMs: number
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly signal: AbortSignal
  /** Resolves when each record is acknowledged or discarded. */
  readonly deliver: (records: readonly ShardRecord[]) => Promise<void>
  /** Called after each read that failed; it is repeated. */
  readonly onError: (error: unknown) => void
}

export interface Poller {
  /** Reads the shard to its end, one batch at a time. Resolves at the end, or when the signal is aborted. */
  run(): Promise<void>
  /** Resolves once everything that is in the shard by now is dealt with. */
  idle(): Promise<void>
  /** True when `run` has come to its end. */
  readonly over: boolean
}

const LONGEST_BACKOFF = 2_000

export function createPoller(options: PollerOptions): Poller {
  const { reader, batchSize, batchingWindowMs, pollIntervalMs, clock, signal, deliver, onError } = options
  /** Waiting for the first read that starts from now on and finds nothing. */
  let idlers: { readonly afterRead: number; readonly resolve: () => void }[] = []
  let reads = 0
  let failures = 0
  let over = false
  let buffer: readonly ShardRecord[] = []

  async function read(): Promise<void> {
    reads += 1
    const thisRead = reads
    try {
      const { records, caughtUp } = await reader.read(batchSize - buffer.length)
      failures = 0
      buffer = [...buffer, ...records]
      if (buffer.length === 0 && caughtUp) release((idler) => idler.afterRead < thisRead)
      if (records.length === 0 && !reader.ended) await clock.sleep(pollIntervalMs, signal)
    } catch (error) {
      if (signal.aborted) return
      onError(error)
      failures += 1
      await clock.sleep(Math.min(pollIntervalMs * 2 ** failures, LONGEST_BACKOFF), signal)
    }
  }

  /** The next batch; empty when there is none any more. */
  async function gather(): Promise<readonly ShardRecord[]> {
    let windowEnd: number | undefined
    while (!signal.aborted) {
      if (buffer.length > 0) windowEnd ??= clock.now() + batchingWindowMs
      const length = buffer.length === 0 ? 0 : batchLength(buffer, batchSize)
      const full = length === batchSize || length < buffer.length
      if (length > 0 && (full || reader.ended || clock.now() >= (windowEnd ?? 0))) {
        const batch = buffer.slice(0, length)
        buffer = buffer.slice(length)
        return batch
      }
      if (reader.ended) return []
      await read()
    }
    return []
  }

  function release(which: (idler: (typeof idlers)[number]) => boolean): void {
    const done = idlers.filter(which)
    idlers = idlers.filter((idler) => !done.includes(idler))
    for (const { resolve } of done) resolve()
  }

  return {
    get over() {
      return over
    },
    async run() {
      for (let batch = await gather(); batch.length > 0; batch = await gather()) await deliver(batch)
      over = true
      release(() => true)
    },
    idle() {
      if (over) return Promise.resolve()
      return new Promise((resolve) => idlers.push({ afterRead: reads, resolve }))
    },
  }
}
