export { type Publisher, type PublisherOptions, publisher } from './publisher.ts'
export { type KinesisSinkOptions, kinesisSink } from './sink.ts'
