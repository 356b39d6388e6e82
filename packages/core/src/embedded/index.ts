/** Reminders without a service that schedules: `@spaceship/core/embedded`. */
export { type EmbeddedScheduler, type EmbeddedSchedulerOptions, embeddedScheduler } from './scheduler.ts'
export { type StateTimelineOptions, stateTimeline } from './state-timeline.ts'
