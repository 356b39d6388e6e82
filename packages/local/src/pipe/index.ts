/** The room between table and stream. */

export { outboxIn } from './outbox.ts'
export { type Pipe, pipe } from './pipe.ts'
