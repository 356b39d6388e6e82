/** A record to put on a stream. */
export interface OutgoingRecord {
  readonly partitionKey: string
  readonly data: Uint8Array
  /** Tells a repeat from another record, for what drops repeats by itself: a FIFO queue does. @default each record is another one */
  readonly id?: string
}

/**
 * Where a publication stands in a trace: https://www.w3.org/TR/trace-context/. Events carry it as attributes of theirs, by
 * https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md, since streams have no headers.
 */
export interface TraceContext {
  /** `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01` */
  readonly traceparent: string
  readonly tracestate?: string
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
  /** What `context.publish` writes into an event, asked for each. @default the trace of the event that is handled, if it has one */
  trace?(): TraceContext | undefined
  /** Asks once at the start of a process; see `StateStore.check`. Nothing is put: it could not be taken back. */
  check?(): Promise<void>
}
