/** The room between table and stream. */

export { type Outbox, outboxIn } from './outbox.ts'
export { type Pipe, pipe } from './pipe.ts'
