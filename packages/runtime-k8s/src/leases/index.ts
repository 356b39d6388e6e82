export { chooseLeases } from './choice.ts'
export { dynamodbLeases } from './dynamodb.ts'
export { type Held, holdLease } from './holder.ts'
export {
  type Checkpoint,
  isSentinel,
  type Lease,
  type NewLease,
  SHARD_END,
  type StreamId,
} from './lease.ts'
export { type Observer, observeLeases } from './observer.ts'
export { keepRenewed } from './renewal.ts'
export type { LeaseTable, Progress } from './table.ts'
export { foreignLeases, isTakeable } from './whose.ts'
