/** A record to put on a stream. */
export interface OutgoingRecord {
  readonly partitionKey: string
  readonly data: Uint8Array
}

/**
 * Puts records on one stream. Resolves when all are accepted; records of one partition key keep their order, and single
 * failed records are retried inside.
 */
export interface EventSink {
  put(records: readonly OutgoingRecord[], signal?: AbortSignal): Promise<void>
}
