export { type Scheduler, type SchedulerOptions, type StreamPut, startScheduler } from './scheduler.ts'
