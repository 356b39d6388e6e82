/**
 * Owns which streams a worker reads, and under which identity: a lease carries that of its stream, but in single-stream layout. A stream that is
 * deleted and made again has another one, and leases of the former say nothing of it.
 *
 * ```
 *  named by the options ─ start ─> current ── at each sync, when a row of another identity is seen, when Kinesis refuses a position:
 *                                     │        DescribeStreamSummary, another identity
 *                                     └─────────────────────────────> former: its leases are given up, and nobody takes them
 *                                                                     the new one is read from its oldest record
 * ```
 */

import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis'
import { inTime } from '@spaceship/core/adapter'
import { type Layout, type Lease, SINGLE_STREAM, type StreamId } from './leases/index.ts'
import type { WorkerSettings } from './options.ts'
import { identityIn, streamAt } from './shards/index.ts'

export type StreamSettings = WorkerSettings['streams'][number]

/** Milliseconds. */
const PATIENCE = 30_000

export class Streams {
  readonly #settings: Pick<WorkerSettings, 'clock' | 'closed' | 'kinesis' | 'logger' | 'streams'>
  /** Current ones and former ones. */
  readonly #known = new Map<StreamId, StreamSettings>()
  /** By the streams' names. */
  readonly #current = new Map<string, StreamId>()

  constructor(settings: Pick<WorkerSettings, 'clock' | 'closed' | 'kinesis' | 'logger' | 'streams'>) {
    this.#settings = settings
  }

  get names(): readonly string[] {
    return [...this.#current.keys()]
  }

  get current(): readonly (readonly [StreamId, StreamSettings])[] {
    return [...this.#current.values()].flatMap((id) => {
      const stream = this.#known.get(id)
      return stream === undefined ? [] : [[id, stream] as const]
    })
  }

  isOurs(id: StreamId): boolean {
    return this.#current.get(this.nameOf(id)) === id
  }

  /** Of one of ours as it was before it was made again: the one that it is today. */
  formerOf(id: StreamId): StreamId | undefined {
    // Each lease is asked about at each look, and nearly all are of today.
    if (this.isOurs(id)) return undefined
    return [...this.#current.values()].find((now) => isBefore(id, now))
  }

  nameOf(id: StreamId): string {
    return this.#known.get(id)?.name ?? ''
  }

  /** As the options name it, and from when on it is read if its leases say `AT_TIMESTAMP`. */
  readingOf(id: StreamId): { readonly stream: string; readonly startAt: Date | undefined } {
    const known = this.#known.get(id)
    return { stream: known?.stream ?? '', startAt: known?.startAt }
  }

  /** @param identities of the streams, by what the options name them */
  identify(layout: Layout, identities: ReadonlyMap<string, StreamId>): void {
    for (const each of this.#settings.streams) {
      const id = layout === 'single-stream' ? SINGLE_STREAM : identities.get(each.stream)
      if (id !== undefined) this.#set(id, each)
    }
  }

  /**
   * Looks again where the table has leases of a later identity of a stream: another worker has seen that it was made again.
   *
   * @returns what Kinesis refused it with, by the streams' names: they count as those that they were, and hide no other one
   */
  saw(leases: readonly Lease[]): Promise<ReadonlyMap<string, unknown>> {
    const seen = [...new Set(leases.map(({ stream }) => stream))]
    return this.allAgain((id) => seen.some((other) => isBefore(id, other)))
  }

  /** Asks again about those that are wanted. @returns as `saw` */
  async allAgain(isWanted = (_: StreamId): boolean => true): Promise<ReadonlyMap<string, unknown>> {
    const failures = new Map<string, unknown>()
    for (const [id, { name }] of this.current)
      try {
        if (isWanted(id)) await this.again(id)
      } catch (error) {
        failures.set(name, error)
      }
    return failures
  }

  /** Asks Kinesis again which stream it is: one that was made earlier is an answer of before. @throws what Kinesis refuses it with */
  async again(id: StreamId): Promise<void> {
    const each = this.#known.get(id)
    if (each === undefined || id === SINGLE_STREAM || !this.isOurs(id)) return
    const now = await this.#identityOf(each.stream)
    if (!isBefore(id, now) || !this.isOurs(id)) return
    this.#set(now, each)
    const advice = 'delete the rows of the former one when no worker needs them'
    this.#settings.logger.error(
      'a stream was deleted and made again: its former leases are given up, and it is read from its oldest record',
      { stream: each.name, details: { former: id, now, advice } },
    )
  }

  #set(id: StreamId, stream: StreamSettings): void {
    this.#known.set(id, stream)
    this.#current.set(stream.name, id)
  }

  async #identityOf(stream: string): Promise<StreamId> {
    const { clock, closed: signal, kinesis } = this.#settings
    const ask = (abortSignal: AbortSignal) =>
      kinesis.send(new DescribeStreamSummaryCommand(streamAt(stream)), { abortSignal })
    const late = `Kinesis did not describe the stream within ${PATIENCE} ms`
    return identityIn(stream, await inTime(ask, { within: PATIENCE, clock, late, signal }))
  }
}

/** Whether both are of one account and name, and the first one was made earlier. */
function isBefore(id: StreamId, other: StreamId): boolean {
  const [at, otherAt] = [id.lastIndexOf(':'), other.lastIndexOf(':')]
  return (
    id.slice(0, at) === other.slice(0, otherAt) && Number(id.slice(at + 1)) < Number(other.slice(otherAt + 1))
  )
}
