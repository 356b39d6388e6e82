export { type IORedisConnection, type IORedisConnectionOptions, ioredisConnection } from './connection.ts'
