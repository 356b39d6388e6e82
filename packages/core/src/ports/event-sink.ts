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
 * - Backend failures are thrown classified: `Unavailable` for throttling and outages, anything else as it came.
 */
export interface EventSink {
  put(records: readonly OutgoingRecord[], signal?: AbortSignal): Promise<void>
}
