/**
 * Owns which message a key stands for: the root of a thread, or one that is kept current. That is a reference, so it may be forgotten: then
 * the next message begins anew.
 *
 * | what                                             | then                                                                    |
 * |--------------------------------------------------|-------------------------------------------------------------------------|
 * | nothing is known of the key                       | the message is posted, and becomes the root                              |
 * | the root is known                                 | the message is a reply                                                   |
 * | somebody has removed the root                     | Slack posts the reply into the channel, and says so by leaving out its  |
 * |                                                   | thread: this post becomes the root, and none is posted again            |
 * | a message that is kept current was removed        | it is posted again                                                       |
 *
 * A `ts` is a text everywhere: as a number it would lose digits, and Slack would take it for another message.
 */

import { codeOf } from '@spaceship/core'
import type { ReferenceStore } from '@spaceship/core/ports'
import type { Taken, Transport } from './transport.ts'

/** Milliseconds for which a key is remembered after its last message. */
const REMEMBERED = 180 * 86_400_000

interface Root {
  /** Slack's id of the channel. */
  readonly channel: string
  readonly ts: string
}

type Payload = Readonly<Record<string, unknown>>

export interface Threads {
  reply(channel: string, key: string, message: Payload, signal: AbortSignal | undefined): Promise<Taken>
  update(channel: string, key: string, message: Payload, signal: AbortSignal | undefined): Promise<Taken>
}

export function createThreads(send: Transport, references: ReferenceStore): Threads {
  const nameOf = (kind: 'thread' | 'message', channel: string, key: string) =>
    `slack/${kind}/${channel}/${key}`

  async function rootOf(name: string): Promise<Root | undefined> {
    const kept = await references.get(name)
    if (kept === undefined) return undefined
    const { channel, ts } = JSON.parse(kept)
    return { channel: String(channel), ts: String(ts) }
  }

  async function remember(name: string, { channel, ts }: Taken, fallback: string): Promise<void> {
    if (ts === undefined) return
    await references.set(name, JSON.stringify({ channel: channel ?? fallback, ts }), REMEMBERED)
  }

  return {
    reply: async (channel, key, message, signal) => {
      const name = nameOf('thread', channel, key)
      const root = await rootOf(name)
      const thread = root === undefined ? {} : { thread_ts: root.ts }
      const taken = await send('chat.postMessage', { ...message, channel, ...thread }, channel, signal)
      // Posted already: what fails from here on must not post it again, and a reference may be lost.
      const isReply = root !== undefined && taken.message?.thread_ts === root.ts
      if (!isReply) await remember(name, taken, channel).catch(() => {})
      return taken
    },
    update: async (channel, key, message, signal) => {
      const name = nameOf('message', channel, key)
      const root = await rootOf(name)
      if (root !== undefined)
        try {
          return await send(
            'chat.update',
            { ...message, channel: root.channel, ts: root.ts },
            channel,
            signal,
          )
        } catch (error) {
          if (codeOf(error) !== 'permanent' || !GONE.test(String(Object(error).message))) throw error
        }
      const taken = await send('chat.postMessage', { ...message, channel }, channel, signal)
      await remember(name, taken, channel).catch(() => {})
      return taken
    },
  }
}

/** Slack's words for a message that is not there any more, in the message of the adapter's own error. */
const GONE = /\b(message_not_found|cant_update_message|edit_window_closed)$/
