/** Why a record was given up on. */
export type DeadReason =
  | 'undecodable' // not JSON, or bytes that nothing understands
  | 'unrecognised' // JSON, but neither a change, nor a CloudEvent, nor an envelope
  | 'schema' // an image or payload that its schema refuses
  | 'exhausted' // every attempt failed
  | 'permanent' // a handler said that no attempt can succeed
  | 'no-route' // addressed to this application, wanted by no route

/** A record that was given up on, for one route of it, kept whole. */
export interface DeadLetter {
  /** `application/reactor/route/stream/shard/sequence/sub`: writing the same letter again changes nothing. */
  readonly id: string
  readonly application: string
  /** Absent when the record failed before a route was found. */
  readonly reactor: string | undefined
  readonly route: string | undefined
  readonly reason: DeadReason
  /** What failed, in words: image and path for a schema, name and code for an error. Never the data itself. */
  readonly detail: string
  readonly attempts: number
  readonly at: Date
  readonly stream: string
  readonly shard: string
  readonly sequence: string
  readonly subSequence: number
  readonly partitionKey: string
  /** The record's bytes, as they came. */
  readonly data: Uint8Array
}

/**
 * Keeps dead letters. `put` must be durable when it resolves (the record is acknowledged after it), must accept any size
 * up to 10 MiB and must be idempotent by `id`: the first letter stays.
 */
export interface DeadLetters {
  put(letter: DeadLetter): Promise<void>
  get(id: string): Promise<DeadLetter | undefined>
  /** All letters of an application, oldest first. */
  list(application: string): AsyncIterable<DeadLetter>
}
