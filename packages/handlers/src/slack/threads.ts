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
 * A reference that is not one of ours counts as forgotten, and is written anew. A post that is done stays done: a reference that is not kept,
 * or not in time, repeats none.
 *
 * A `ts` is a text everywhere: as a number it would lose digits, and Slack would take it for another message.
 */

import { codeOf } from '@spaceship/core'
import type { Clock, ReferenceStore } from '@spaceship/core/ports'
import type { Taken, Transport } from './transport.ts'

/** Milliseconds for which a key is remembered after its last message. */
const REMEMBERED = 180 * 86_400_000

/** Bytes of a key that every ReferenceStore takes. */
const LONGEST_NAME = 1_024

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

export interface ThreadsOptions {
  readonly send: Transport
  readonly references: ReferenceStore
  /** Milliseconds for which a post that is done waits until its reference is kept. */
  readonly patience: number
  readonly clock: Pick<Clock, 'sleep'>
}

export function createThreads({ send, references, patience, clock }: ThreadsOptions): Threads {
  async function rootOf(name: string): Promise<Root | undefined> {
    const kept = await references.get(name)
    return kept === undefined ? undefined : rootIn(kept)
  }

  /** Posted already: what fails from here on must not post it again, and a reference may be lost. */
  async function remember(name: string, root: Root | undefined, signal: AbortSignal | undefined) {
    if (root === undefined) return
    const over = new AbortController()
    const waits = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
    const keeping = async () => references.set(name, JSON.stringify(root), REMEMBERED)
    await Promise.race([keeping().catch(() => {}), clock.sleep(patience, waits)])
    over.abort()
  }

  return {
    reply: async (channel, key, message, signal) => {
      const name = nameOf('thread', channel, key)
      const root = await rootOf(name)
      const thread = root === undefined ? {} : { thread_ts: root.ts }
      const taken = await send('chat.postMessage', { ...message, channel, ...thread }, channel, signal)
      const isReply = root !== undefined && taken.message?.thread_ts === root.ts
      if (!isReply) await remember(name, rootOfTaken(taken, channel), signal)
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
      await remember(name, rootOfTaken(taken, channel), signal)
      return taken
    },
  }
}

/** A long name, which no store needs to take, is told by its digest: that has no channel in it, so it is no other name. */
function nameOf(kind: 'thread' | 'message', channel: string, key: string): string {
  const name = `slack/${kind}/${channel}/${key}`
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name
  // Loaded for such a name alone: it costs a function's start more than all else here.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return `slack/${kind}/${createHash('sha256').update(name).digest('hex')}`
}

function rootOfTaken({ channel, ts }: Taken, asked: string): Root | undefined {
  return ts === undefined ? undefined : { channel: channel ?? asked, ts }
}

/** Undefined for what somebody else has written there. */
function rootIn(kept: string): Root | undefined {
  try {
    const { channel, ts } = Object(JSON.parse(kept))
    return typeof channel === 'string' && typeof ts === 'string' ? { channel, ts } : undefined
  } catch {
    return undefined
  }
}

/** Slack's words for a message that is not there any more, in the message of the adapter's own error. */
const GONE = /\b(message_not_found|cant_update_message|edit_window_closed)$/
