export { type Consumer, type ConsumerEnd, type Drained, startConsumer } from './consumer.ts'
export { Fetches } from './fetches.ts'
export { pollShard, READ_INTERVAL, READING } from './polling.ts'
