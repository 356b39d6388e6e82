/** A record to put on a stream. */
export interface OutgoingRecord {
  readonly partitionKey: string
  readonly data: Uint8Array
}

/**
 * Puts records on one stream: what handlers publish, and envelopes.
 *
 * Obligations of an adapter:
 * - `put` resolves when all records are accepted; single refused records are sent again inside.
 * - Records of one partition key keep their order, within a put and between puts, also of puts that run together.
 * - A record may be put twice; none is lost unless the put is rejected.
 * - Any partition key is taken; what the stream does not take is replaced by a digest, the same each time.
 * - A record that the stream never takes (it is too large) fails its own put alone, as `Permanent`.
 * - Backend failures are thrown classified: `Unavailable` for throttling and outages, with `setup` for what somebody has to mend,
 *   anything else as it came.
 */
export interface EventSink {
  put(records: readonly OutgoingRecord[], signal?: AbortSignal): Promise<void>
  /** Asks once at the start of a process; see `StateStore.check`. Nothing is put: it could not be taken back. */
  check?(): Promise<void>
}
