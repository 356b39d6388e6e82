import type { Position } from './position.ts'

/** A record as it came from a shard. */
export interface StreamRecord extends Position {
  readonly partitionKey: string
  readonly data: Uint8Array
  /** When the stream took it. */
  readonly arrivedAt: Date
}
