/** Owns what a sink on SQS and one on SNS have in common: ten messages in a request, each with an answer of its own. */

import type { EventSink } from '@spaceship/core/ports'
import { type About, classified } from '../aws/index.ts'
import { type BatchAnswer, type MessageEntry, MOST_MESSAGES, messageOf, refusedIn } from './message.ts'
import { type SinkOptions, sinkOn } from './sink.ts'

/** A message as both services take it, but for its text. */
export interface SentMessage extends Pick<MessageEntry, 'text'> {
  readonly rest: {
    readonly Id: string
    readonly MessageAttributes: MessageEntry['attributes']
    readonly MessageGroupId?: string
    readonly MessageDeduplicationId?: string
  }
}

export interface MessageChannel {
  readonly about: About
  /** Whether records of one key keep their order. */
  readonly fifo: boolean
  /** Bytes of one message, and of all in one request. */
  readonly limit: number
  readonly requestLimit: number
  send(messages: readonly SentMessage[], abortSignal: AbortSignal): Promise<BatchAnswer>
}

/** An EventSink on a queue or a topic. */
export function messageSink(
  { about, fifo, limit, requestLimit, send }: MessageChannel,
  options: SinkOptions,
): EventSink {
  const { dependency, resource } = about
  return sinkOn<MessageEntry>(
    {
      dependency,
      resource,
      limits: { records: MOST_MESSAGES, bytes: requestLimit },
      ordered: fifo,
      entryOf: (record) => messageOf(record, { resource, limit, fifo }),
      send: async (entries, signal) => {
        const messages = entries.map(({ text, attributes, fifo }, at) => ({
          text,
          rest: { Id: String(at), MessageAttributes: attributes, ...fifo },
        }))
        try {
          return refusedIn(about, await send(messages, signal), entries.length)
        } catch (error) {
          throw classified(about, error)
        }
      },
    },
    options,
  )
}
