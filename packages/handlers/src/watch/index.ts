export type { WatchAlert } from './alert.ts'
export { type Watched, type WatchOptions, watch } from './watch.ts'
