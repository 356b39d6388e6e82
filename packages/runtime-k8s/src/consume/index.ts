export { type Consumer, type ConsumerEnd, type Drained, LAST_WRITES, startConsumer } from './consumer.ts'
export { Fetches } from './fetches.ts'
export { pollShard, READ_INTERVAL, READING } from './polling.ts'
