export { type EventBridgeSchedulerOptions, eventBridgeScheduler } from './scheduler.ts'
