/** The room between table and stream. */

export { type Pipe, pipe } from './pipe.ts'
