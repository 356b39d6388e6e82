export { type RedisCommand, type RedisReferencesOptions, redisReferences } from './references.ts'
