export { type Consumer, startConsumer } from './consumer.ts'
