/**
 * Owns which message a key stands for, and who posts it while there is none: one at a time, in this process and in others that share the
 * references. Who posts it leaves a mark under the key, which ends by itself should its owner die.
 *
 * | under the key is                                  | then                                                                     |
 * |---------------------------------------------------|--------------------------------------------------------------------------|
 * | a root                                            | it is the answer                                                         |
 * | nothing, or what is not ours, or a root that is gone | this message is posted, and becomes the root                          |
 * | somebody in this process looks, or posts          | that is waited for                                                       |
 * | the mark of another process                       | RetryAfter: the message comes back when there is a root                  |
 *
 * References that do not answer in time are an outage. References may forget, and then there are two roots; so there are if a process stands
 * still for longer than its mark lives.
 */

import { codeOf, RetryAfter, Unavailable } from '@spaceship/core'
import { inTime } from '@spaceship/core/adapter'
import type { Clock, ReferenceStore } from '@spaceship/core/ports'
import type { Taken } from './transport.ts'

export interface Root {
  /** Slack's id of the channel. */
  readonly channel: string
  /** A text: as a number it would lose digits, and Slack would take it for another message. */
  readonly ts: string
}

/** A root that was there, or what became of the message that has begun one. */
export type Found =
  | { readonly root: Root; readonly taken?: undefined }
  | { readonly root: Root | undefined; readonly taken: Taken }

export interface Looking {
  /** A root that Slack does not have any more. */
  readonly gone?: Root
  /** As the user names it. */
  readonly channel: string
  readonly post: () => Promise<Taken>
  readonly signal: AbortSignal | undefined
}

export interface Roots {
  /** @throws RetryAfter while somebody else begins, and what `post` throws */
  find(name: string, looking: Looking): Promise<Found>
  /** Posted already: what fails from here on must not post it again, and a reference may be lost. */
  remember(name: string, root: Root, signal: AbortSignal | undefined): Promise<void>
}

export interface RootsOptions {
  readonly references: ReferenceStore
  /** Milliseconds for which Slack is waited for, and then until a reference is kept. */
  readonly patience: number
  readonly clock: Clock
}

/** Milliseconds for which a key is remembered after its last message. */
const REMEMBERED = 180 * 86_400_000

/** Milliseconds after which a message comes back that another one stands before. */
const SOON = 1_000

const MARK = JSON.stringify({ begins: true })

export function createRoots({ references, patience, clock }: RootsOptions): Roots {
  const looking = new Map<string, Promise<Found>>()
  /** A post and its reference have so long each. */
  const markLives = 2 * patience

  async function waitedFor(work: Promise<unknown>, ms: number, signal: AbortSignal | undefined) {
    const over = new AbortController()
    const waits = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
    await Promise.race([work.catch(() => {}), clock.sleep(ms, waits)])
    over.abort()
  }

  /** Before anything is posted, references are waited for as Slack is: whoever comes next for the key waits for this. */
  async function answerOf<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const late = 'the references did not answer'
    try {
      return await inTime(ask, { within: patience, clock, late, ...(signal && { signal }) })
    } catch (cause) {
      signal?.throwIfAborted()
      throw codeOf(cause) === 'no-answer' ? new Unavailable('references', late, { cause }) : cause
    }
  }

  const remember: Roots['remember'] = async (name, root, signal) => {
    const keeping = async () => references.set(name, JSON.stringify(root), REMEMBERED)
    await waitedFor(keeping(), patience, signal)
  }

  async function look(name: string, { gone, channel, post, signal }: Looking): Promise<Found> {
    const isThere = (root: Root | undefined): root is Root => root !== undefined && root.ts !== gone?.ts
    const kept = await answerOf(() => references.get(name), signal)
    const root = rootIn(kept)
    if (isThere(root)) return { root }
    if (kept === MARK) throw later()
    if (kept !== undefined) await answerOf(() => references.delete(name), signal)
    if (!(await answerOf(() => references.add(name, MARK, markLives), signal))) {
      const made = rootIn(await answerOf(() => references.get(name), signal))
      if (isThere(made)) return { root: made }
      throw later()
    }
    const forget = async () => references.delete(name)
    let taken: Taken
    try {
      taken = await post()
    } catch (error) {
      await waitedFor(forget(), patience, signal)
      throw error
    }
    const begun = rootOf(taken, channel)
    await (begun === undefined ? waitedFor(forget(), patience, signal) : remember(name, begun, signal))
    return { root: begun, taken }
  }

  return {
    remember,
    find: async (name, asked) => {
      for (;;) {
        asked.signal?.throwIfAborted()
        const other = looking.get(name)
        if (other === undefined) {
          const mine = look(name, asked)
          looking.set(name, mine)
          return await mine.finally(() => looking.delete(name))
        }
        let ended: Found | 'failed' | 'refused' | undefined
        const told = other.then(
          (found) => {
            ended = found
          },
          (error) => {
            ended = codeOf(error) === 'permanent' ? 'refused' : 'failed'
          },
        )
        await waitedFor(told, markLives, asked.signal)
        asked.signal?.throwIfAborted()
        // Its message alone was refused: the next one begins.
        if (ended === 'refused') continue
        if (ended === undefined || ended === 'failed') throw later()
        if (ended.root !== undefined && ended.root.ts !== asked.gone?.ts) return { root: ended.root }
      }
    },
  }
}

export function rootOf({ channel, ts }: Taken, asked: string): Root | undefined {
  return ts === undefined ? undefined : { channel: channel ?? asked, ts }
}

/** Undefined for what somebody else has written there. */
function rootIn(kept: string | undefined): Root | undefined {
  try {
    const { channel, ts } = Object(JSON.parse(kept ?? ''))
    return typeof channel === 'string' && typeof ts === 'string' ? { channel, ts } : undefined
  } catch {
    return undefined
  }
}

function later(): RetryAfter {
  return new RetryAfter(SOON, 'another message is about to be the first of this key')
}
