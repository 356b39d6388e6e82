/** A change on its way to a stream. */
export interface PipeRecord {
  readonly stream: string
  readonly partitionKey: string
  readonly data: Buffer
  /** Its place in the outbox, if it has one. */
  readonly kept?: number
}
