export type { DrainReport } from './assignment.ts'
export type { StreamOptions, WorkerOptions } from './options.ts'
export type { Start } from './shards/index.ts'
export { type Worker, worker } from './worker.ts'
