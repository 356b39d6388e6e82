export { type SqsDeadLettersOptions, sqsDeadLetters } from './dead-letters.ts'
export { type SqsPublisherOptions, sqsPublisher } from './publisher.ts'
export { type SqsSinkOptions, sqsSink } from './sink.ts'
