/** One execution that waits. `name` is unique per generation, safe for AWS: `[0-9A-Za-z_-]`, at most 64 characters. */
export interface Execution {
  readonly name: string
  readonly dueAt: Date
  /** What to put on the ingress stream when it is due. Names state only; holds no personal data. */
  readonly envelope: string
  readonly partitionKey: string
}

/** What a scheduler can do. Checked when reminders are declared, shown by `inspect`, kept in a reminder's state. */
export interface SchedulerCapabilities {
  /** Tells schedulers apart, in messages and in what is stored: `step-functions`. One text for each kind; never changed. */
  readonly name: string
  /** How late it may fire while nothing is wrong, in milliseconds. */
  readonly precision: number
  /** The longest that an execution can wait, in milliseconds; undefined if nothing limits it. */
  readonly horizon: number | undefined
  /** Whether `stop` ends a waiting execution; else it fires, and the reminder's state drops what it says. */
  readonly nativeCancel: boolean
}

/**
 * Puts an envelope on the ingress stream at a time, under its partition key. It may fire late and more than once, never
 * early: correctness lives in the reminder's state and its `unless`, not here. What is due already is put at once. Backend
 * failures are thrown classified: `Unavailable` for throttling and outages, anything else as it came.
 */
export interface ReminderScheduler {
  readonly capabilities: SchedulerCapabilities
  /** What a role must be granted that schedules and cancels. @default nothing */
  readonly grants?: readonly {
    readonly service: string
    readonly actions: readonly string[]
    readonly resources: readonly string[]
  }[]
  /**
   * Idempotent by name: an execution of the name that waits, or has fired or been stopped, is the one that was asked for. The same
   * name always comes with the same execution.
   *
   * @returns a reference with which `stop` and `find` find the execution
   */
  start(execution: Execution): Promise<string>
  /**
   * Ends an execution that waits.
   *
   * @param reference what `start` answered, or the execution's name
   * @returns false if there was nothing to stop any more
   */
  stop(reference: string): Promise<boolean>
  /** Whether an execution still waits, by its reference or name. A scheduler that cannot tell has no such method. */
  find?(reference: string): Promise<'waiting' | 'gone'>
  /** Asks once at the start of a process; see `StateStore.check`. No schedule is made: it could not be undone in time. */
  check?(): Promise<void>
}
