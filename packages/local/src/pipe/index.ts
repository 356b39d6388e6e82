/** The room between table and stream. */

export { type Pipe, type PipeOptions, type PipeRecord, pipe } from './pipe.ts'
