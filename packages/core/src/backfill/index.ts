/** Rows of a table through a reactor: `@spaceship/core/backfill`. */
export {
  type Backfill,
  type BackfillOptions,
  type BackfillProgress,
  type BackfillResult,
  createBackfill,
  type RunOptions,
} from './backfill.ts'
