export type { StreamOptions, WorkerOptions } from './options.ts'
export type { Start } from './shards/index.ts'
export { type DrainReport, type Worker, worker } from './worker.ts'
