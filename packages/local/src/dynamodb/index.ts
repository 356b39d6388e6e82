/** The room of the tables: dynalite in-process behind a front that captures changes. */

export type { Precision } from './record.ts'
export { tableReady } from './rehearsal.ts'
export { startDynamodb } from './start.ts'
