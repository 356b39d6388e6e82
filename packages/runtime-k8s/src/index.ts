export type { DrainReport } from './drain-report.ts'
export type { StreamOptions, WorkerOptions } from './options.ts'
export type { Start } from './shards/index.ts'
export { type Worker, worker } from './worker.ts'
