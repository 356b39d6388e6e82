export { chooseLeases, type Scan } from './choice.ts'
export { dynamodbLeases } from './dynamodb.ts'
export { finishedLeases } from './finished.ts'
export { type Held, holdLease } from './holder.ts'
export { type Hole, holeIn } from './holes.ts'
export { leadersOf } from './leader.ts'
export {
  holderOf,
  isSentinel,
  type Layout,
  type Lease,
  leaseKey,
  type MalformedRow,
  type NewLease,
  nextWorkerOf,
  SHARD_END,
  SINGLE_STREAM,
  type StreamId,
  workerOf,
} from './lease.ts'
export { markOf, timeOf } from './mark.ts'
export { ABOUT_MOVED_ON } from './moved-on.ts'
export { type Observer, observeLeases } from './observer.ts'
export { type Checkpoint, compareCheckpoints } from './order.ts'
export { packed, unpacked } from './packed.ts'
export { readableLeases } from './readable.ts'
export { keepRenewed } from './renewal.ts'
export type { LeaseScan, LeaseTable, Progress } from './table.ts'
export { foreignLeases, isTakeable, layoutOf } from './whose.ts'
