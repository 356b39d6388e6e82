export { type Entry, tooLarge } from './channel.ts'
export { messageSink } from './message-sink.ts'
export { type Publisher, type PublishOptions, publisherOn } from './publisher.ts'
export { SINK_OPTIONS, type SinkOptions, sinkOn } from './sink.ts'
