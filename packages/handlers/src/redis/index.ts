export type { RedisCommand } from './command.ts'
export { type RedisReferencesOptions, redisReferences } from './references.ts'
export { type RedisStateOptions, redisState } from './state.ts'
export { type RedisTimelineOptions, redisTimeline } from './timeline.ts'
