export { type Sqs, type SqsMessage, startSqs } from './sqs.ts'
