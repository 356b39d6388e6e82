export type { PolicyStatement, TrustStatement } from '../aws/index.ts'
export { type ScheduleGroup, type ScheduleGroupOptions, scheduleGroup } from './group.ts'
export { type EventBridgeSchedulerOptions, eventBridgeScheduler } from './scheduler.ts'
export { type TickSchedulesOptions, tickSchedules } from './ticks.ts'
