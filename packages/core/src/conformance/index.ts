/** Suites for adapters of the ports and for runtimes: `for (const { name, run } of stateStoreCases) test(name, () => run(store))`. */
export type { Case } from '../ports/conformance/cases.ts'
export { deadLettersCases, deadLettersOrderCases } from '../ports/conformance/dead-letters.ts'
export {
  type EntityReaderSubject,
  type EntityTable,
  entityReaderCases,
  entityTables,
} from '../ports/conformance/entity-reader.ts'
export { type EventSinkSubject, eventSinkCases } from '../ports/conformance/event-sink.ts'
export {
  deadLettersOutageCases,
  entityReaderOutageCases,
  eventSinkOutageCases,
  referenceStoreOutageCases,
  reminderSchedulerOutageCases,
  stateStoreOutageCases,
} from '../ports/conformance/outage.ts'
export { type ReferenceStoreSubject, referenceStoreCases } from '../ports/conformance/reference-store.ts'
export { type ReminderSchedulerSubject, reminderSchedulerCases } from '../ports/conformance/scheduler.ts'
export {
  type StateStoreExpirySubject,
  stateStoreCases,
  stateStoreExpiryCases,
} from '../ports/conformance/state-store.ts'
export { stateStoreListCases, stateStoreListOutageCases } from '../ports/conformance/state-store-list.ts'
export { type TimelineSubject, timelineCases, timelineOutageCases } from '../ports/conformance/timeline.ts'
export {
  type RuntimeCase,
  type RuntimeGiven,
  type RuntimeSubject,
  type RuntimeUnderTest,
  runtimeCases,
} from './runtime.ts'
export { type TableScannerSubject, tableScannerCases } from './table-scanner.ts'
export type { Life } from './world.ts'
