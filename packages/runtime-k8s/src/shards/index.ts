export { checkStream } from './check.ts'
export { type Missing, missingLeases, orphansIn, type Start } from './missing.ts'
export { childrenIn, identityIn, listShards, type Shard } from './shard.ts'
export { arnOf, streamAt, streamName } from './stream.ts'
