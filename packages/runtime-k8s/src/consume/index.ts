export { type Consumer, type ConsumerEnd, startConsumer } from './consumer.ts'
export { READING } from './reader.ts'
