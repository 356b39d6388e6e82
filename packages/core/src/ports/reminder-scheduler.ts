/** One execution that waits. `name` is unique per generation, safe for AWS: `[0-9A-Za-z_-]`, at most 64 characters. */
export interface Execution {
  readonly name: string
  readonly dueAt: Date
  /** What to put on the ingress stream when it is due. Names state only; holds no personal data. */
  readonly envelope: string
  readonly partitionKey: string
}

/**
 * Puts an envelope on the ingress stream at a time, under its partition key. It may fire late and more than once, never
 * early: correctness lives in the reminder's state and its `unless`, not here. What is due already is put at once. Backend
 * failures are thrown classified: `Unavailable` for throttling and outages, anything else as it came.
 */
export interface ReminderScheduler {
  /** Idempotent by name. @returns a reference with which `stop` finds the execution */
  start(execution: Execution): Promise<string>
  /** @returns false if there was nothing to stop any more */
  stop(reference: string): Promise<boolean>
  /** Asks once at the start of a process; see `StateStore.check`. No schedule is made: it could not be undone in time. */
  check?(): Promise<void>
}
