/**
 * The port of what reads a shard for its consumer. Polling is the only one today (`polling.ts`); whatever pushes records, or reads another kind
 * of stream, is a sibling that gives the same pages.
 *
 * | a reader                            |                                                                                      |
 * |-------------------------------------|--------------------------------------------------------------------------------------|
 * | gives pages in stream order         | from the record at the checkpoint on: of that one a part may be done                 |
 * | keeps the pace that its source sets | and says with each page how long it rests before it asks for the next one            |
 * | mends what a repeat mends           | and tells it; the consumer sees only pages                                           |
 * | ends                                | after a page that has `ended` or `lost`, and when its signal is aborted              |
 */

import type { StreamRecord } from '@spaceship/core/engine'
import type { Checkpoint } from '../leases/index.ts'
import type { Shard } from '../shards/index.ts'

export type Reader = (from: Checkpoint, signal: AbortSignal) => AsyncIterable<Page>

export interface Page {
  readonly records: readonly StreamRecord[]
  /** How far the page's end is behind the newest record, in milliseconds; 0 for a shard that is caught up. */
  readonly millisBehind: number
  /**
   * Of a shard that is read at its newest record, while none has come: a position from which nothing is passed over, if it is read by somebody else, or again.
   */
  readonly mark?: string
  /** How long the reader rests before it asks again, in milliseconds. */
  readonly pause: number
  /** The shard has ended, or it is gone: the shards that follow it, as far as its source has said. */
  readonly ended?: readonly Shard[]
  /** The checkpoint is none of the shard's, or a later position, from which was read before. No repeat changes it, and such a page has no records. */
  readonly lost?: 'checkpoint' | 'position'
}
