/**
 * Owns messages that belong to a key: replies in its thread, or one that is kept current. Which message the key stands for is a reference, so
 * it may be forgotten: then the next message begins anew.
 *
 * | what                                             | then                                                                    |
 * |--------------------------------------------------|-------------------------------------------------------------------------|
 * | nothing is known of the key                       | one message is posted, and becomes the root; see `roots.ts`              |
 * | the root is known                                 | the message is a reply                                                   |
 * | somebody has removed the root                     | Slack posts the reply into the channel, and says so by leaving out its  |
 * |                                                   | thread: this post becomes the root, and none is posted again            |
 * | a message that is kept current was removed        | it is posted again                                                       |
 *
 * A reference that is not one of ours counts as forgotten, and is written anew. A post that is done stays done: a reference that is not kept,
 * or not in time, repeats none.
 */

import { codeOf } from '@spaceship/core'
import { sha256 } from '@spaceship/core/adapter'
import { REFERENCE_LIMITS } from '@spaceship/core/ports'
import { createRoots, type Root, type RootsOptions, rootOf } from './roots.ts'
import type { Taken, Transport } from './transport.ts'

type Payload = Readonly<Record<string, unknown>>

export interface Threads {
  reply(channel: string, key: string, message: Payload, signal: AbortSignal | undefined): Promise<Taken>
  update(channel: string, key: string, message: Payload, signal: AbortSignal | undefined): Promise<Taken>
}

export interface ThreadsOptions extends RootsOptions {
  readonly send: Transport
}

export function createThreads({ send, ...options }: ThreadsOptions): Threads {
  const roots = createRoots(options)

  return {
    reply: async (channel, key, message, signal) => {
      const name = nameOf('thread', channel, key)
      const post = (thread = {}) =>
        send('chat.postMessage', { ...message, channel, ...thread }, channel, signal)
      const { root, taken } = await roots.find(name, { channel, post, signal })
      if (taken !== undefined) return taken
      const replied = await post({ thread_ts: root.ts })
      const begun = replied.message?.thread_ts === root.ts ? undefined : rootOf(replied, channel)
      if (begun !== undefined) await roots.remember(name, begun, signal)
      return replied
    },
    update: async (channel, key, message, signal) => {
      const name = nameOf('message', channel, key)
      const post = () => send('chat.postMessage', { ...message, channel }, channel, signal)
      async function changed(gone?: Root): Promise<Taken> {
        const looking = { channel, post, signal, ...(gone !== undefined && { gone }) }
        const { root, taken } = await roots.find(name, looking)
        if (taken !== undefined) return taken
        const change = { ...message, channel: root.channel, ts: root.ts }
        try {
          return await send('chat.update', change, channel, signal)
        } catch (error) {
          const isGone = codeOf(error) === 'permanent' && GONE.test(String(Object(error).message))
          if (!isGone || gone !== undefined) throw error
          return changed(root)
        }
      }
      return changed()
    },
  }
}

/** A name that is too long, or no text, is refused by stores, and told by its digest: that has no channel in it, so it is no other name. */
function nameOf(kind: 'thread' | 'message', channel: string, key: string): string {
  const name = `slack/${kind}/${channel}/${key}`
  if (name.isWellFormed() && Buffer.byteLength(name) <= REFERENCE_LIMITS.key) return name
  return `slack/${kind}/${sha256(name, 'hex')}`
}

/** Slack's words for a message that is not there any more, in the message of the adapter's own error. */
const GONE = /\b(message_not_found|cant_update_message|edit_window_closed)$/
