export type { Publisher, PublishOptions } from '../publishing/index.ts'
export { type PublisherOptions, publisher } from './publisher.ts'
export { type KinesisSinkOptions, kinesisSink } from './sink.ts'
