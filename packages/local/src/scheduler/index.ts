export { type Scheduler, type StreamPut, startScheduler } from './scheduler.ts'
