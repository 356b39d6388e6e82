export { type Consumer, type ConsumerEnd, startConsumer } from './consumer.ts'
