/** Why a record was given up on. */
export type DeadReason =
  | 'undecodable' // not JSON, or bytes that nothing understands
  | 'unrecognised' // JSON, but neither a change, nor a CloudEvent, nor an envelope
  | 'schema' // an image or payload that its schema refuses
  | 'exhausted' // every attempt failed
  | 'permanent' // a handler said that no attempt can succeed
  | 'no-route' // addressed to this application, wanted by no route
  | 'crashed' // its process died again and again while it ran
  | 'damaged' // an aggregate whose checksum or contents are wrong
  | 'out-of-range' // a record of an aggregate that belongs on another shard
  | 'too-large' // beyond the size that is read
  | 'parked' // not failed: it waits behind a failed record of its lane

/** A record that was given up on, for one route of it, kept whole. */
export interface DeadLetter {
  /**
   * `application/reactor/route/event/identity` where the event's identity is known and its lane cannot be parked, else
   * `application/reactor/route/stream/shard/sequence/sub`: writing the same letter again changes nothing.
   */
  readonly id: string
  readonly application: string
  /** Absent when the record failed before a route was found. */
  readonly reactor: string | undefined
  readonly route: string | undefined
  /** What orders the record within its route: `clients/acme`. Empty when it reached no lane. */
  readonly lane: string
  readonly reason: DeadReason
  /** What failed, in words: image, paths and kinds of issues for a schema, name and code for an error. Never the data itself, whatever a validator says. */
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
 * Keeps dead letters until someone has dealt with them.
 *
 * Obligations of an adapter:
 * - `put` is durable when it resolves: the record is acknowledged right after it. It takes records of 10 MiB.
 * - The same letter again changes nothing: the first one stays, also when several are put at the same time.
 * - `remove` resolves when `get` and `list` no longer know the letter, and is fine with one that is not there. The letter
 *   may be put again later, when its redrive fails as well.
 * - A letter is whole or absent, whatever is cut short.
 * - Backend failures are thrown classified: `Unavailable` for throttling and outages, with `setup` for what somebody has to mend;
 *   `Permanent` for what the request holds; anything else as it came.
 *
 * The engine calls `put` once for each record that it gives up on, `get` and `remove` once for each redriven letter; `list`
 * is for operators.
 */
export interface DeadLetters {
  put(letter: DeadLetter): Promise<void>
  /** Strongly consistent: it sees every earlier `put` and `remove`, whoever made it. */
  get(id: string): Promise<DeadLetter | undefined>
  /** Called after a redriven letter is done. */
  remove(id: string): Promise<void>
  /**
   * All letters of an application, each once: oldest first where the store knows without looking at all of them (`deadLettersOrderCases`),
   * else in an order of its own. It holds a bounded part of them at a time.
   */
  list(application: string): AsyncIterable<DeadLetter>
  /**
   * Asks once, at the start of a process, for everything that the other methods will need. It uses only actions that the adapter says to
   * grant, and leaves nothing behind.
   *
   * @returns what was made, in words, for the log; undefined if nothing was
   * @throws Unavailable with `setup` for what somebody has to mend: the start fails with it; without, for an outage: the start waits
   */
  check?(): Promise<string | undefined>
}
