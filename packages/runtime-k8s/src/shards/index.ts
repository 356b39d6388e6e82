export { missingLeases, type Start } from './missing.ts'
export { identify, listShards } from './shard.ts'
