/** What Slack would do with the payload of one post: its rules on what a message is, apart from how it arrived. */

import { createHash } from 'node:crypto'
import { isBlock } from './blocks.ts'

export interface SlackMessage {
  readonly at: Date
  /** As it was addressed: `#marketing`, a channel id, or the channel of the webhook. */
  readonly channel: string
  /** The fallback text; empty if the message has only blocks. */
  readonly text: string
  readonly via: 'webhook' | 'api'
  /** Slack's id of the message within its channel. */
  readonly ts: string
  /** Everything that was sent: blocks, thread, metadata. */
  readonly payload: Readonly<Record<string, unknown>>
}

/** Slack cuts webhooks and refuses API calls beyond this many characters. */
const LONGEST_TEXT = 40_000
const MOST_BLOCKS = 50

/** The error that Slack names for a payload, or nothing if it would be posted. */
export function problemWith(payload: Readonly<Record<string, unknown>>): string | undefined {
  const { text, blocks, attachments } = payload
  if (text !== undefined && typeof text !== 'string') return 'invalid_arguments'
  if (blocks !== undefined && !Array.isArray(blocks)) return 'invalid_blocks'
  if (Array.isArray(blocks) && (blocks.length > MOST_BLOCKS || !blocks.every(isBlock)))
    return 'invalid_blocks'
  if (typeof text === 'string' && text.length > LONGEST_TEXT) return 'msg_too_long'
  const hasContent = [text, blocks, attachments].some(
    (part) => (typeof part === 'string' || Array.isArray(part)) && part.length > 0,
  )
  return hasContent ? undefined : 'no_text'
}

/** `#marketing` and `marketing` are one channel. */
export function sameChannel(one: string, other: string): boolean {
  return one.replace(/^#/, '') === other.replace(/^#/, '')
}

/** Slack answers with the id of a channel, never with the name that it was addressed by. */
export function channelId(channel: string): string {
  if (/^[CDG][A-Z0-9]{8,}$/.test(channel)) return channel
  return `C${createHash('sha256').update(channel.replace(/^#/, '')).digest('hex').slice(0, 10).toUpperCase()}`
}
