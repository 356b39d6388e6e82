export { type Entry, tooLarge } from './channel.ts'
export { type MessageEntry, MOST_MESSAGES, messageOf, refusedIn } from './message.ts'
export { type Publisher, type PublishOptions, publisherOn } from './publisher.ts'
export { SINK_OPTIONS, type SinkOptions, sinkOn } from './sink.ts'
