export { type Clock, systemClock } from './clock.ts'
export type { DeadLetter, DeadLetters, DeadReason } from './dead-letters.ts'
export type { CheckedTable, EntityReader } from './entity-reader.ts'
export type { EventSink, OutgoingRecord, TraceContext } from './event-sink.ts'
export { type Logger, silent } from './logger.ts'
export { checkReference, checkReferenceKey, REFERENCE_LIMITS } from './reference-limits.ts'
export type { ReferenceStore } from './reference-store.ts'
export type { Execution, ReminderScheduler, SchedulerCapabilities } from './reminder-scheduler.ts'
export { checkStateKey, checkStateWrite, STATE_LIMITS } from './state-limits.ts'
export {
  type Json,
  type ListedKey,
  listedKey,
  listedPrefix,
  type SetOptions,
  type SetResult,
  type StateItem,
  type StatePage,
  type StateStore,
  type StateValue,
} from './state-store.ts'
export type { PageOptions, TablePage, TableScanner } from './table-scanner.ts'
export type { DueExecution, Timeline } from './timeline.ts'
