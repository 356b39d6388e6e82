export { type SnsPublisherOptions, snsPublisher } from './publisher.ts'
export { type SnsSinkOptions, snsSink } from './sink.ts'
