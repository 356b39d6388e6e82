/** Last room: what may be acknowledged, and what the next owner must know. */
export { type Budget, createBudget } from './budget.ts'
export { completeJournal, type Journal, NOTHING_KNOWN, readJournal } from './journal.ts'
export { createJournals, type Journals } from './journals.ts'
export { createLedger, type Ledger } from './ledger.ts'
export { createSuspects, isSuspicious } from './suspects.ts'
