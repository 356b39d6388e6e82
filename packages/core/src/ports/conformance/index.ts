/** Suites for adapters of the ports: `for (const { name, run } of stateStoreCases) test(name, () => run(store))`. */
export type { Case } from './cases.ts'
export { deadLettersCases } from './dead-letters.ts'
export { type ReferenceStoreSubject, referenceStoreCases } from './reference-store.ts'
export { type ReminderSchedulerSubject, reminderSchedulerCases } from './scheduler.ts'
export { stateStoreCases } from './state-store.ts'
