/** Suites for adapters of the ports: `for (const { name, run } of stateStoreCases) test(name, () => run(store))`. */
export type { Case } from './cases.ts'
export { deadLettersCases } from './dead-letters.ts'
export {
  type EntityReaderSubject,
  type EntityTable,
  entityReaderCases,
  entityTables,
} from './entity-reader.ts'
export { type EventSinkSubject, eventSinkCases } from './event-sink.ts'
export {
  deadLettersOutageCases,
  entityReaderOutageCases,
  eventSinkOutageCases,
  reminderSchedulerOutageCases,
  stateStoreOutageCases,
} from './outage.ts'
export { type ReferenceStoreSubject, referenceStoreCases } from './reference-store.ts'
export { type ReminderSchedulerSubject, reminderSchedulerCases } from './scheduler.ts'
export { type StateStoreExpirySubject, stateStoreCases, stateStoreExpiryCases } from './state-store.ts'
