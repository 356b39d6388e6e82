/** Third room: one try of one route at one record. */
export { attempt, fieldsOf, type Surroundings } from './attempt.ts'
export { createBatches } from './batches.ts'
export type { Claim } from './claim.ts'
export { createDeadlines, GRACE } from './deadlines.ts'
export type { Ticked } from './ticks.ts'
