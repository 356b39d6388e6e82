/** Owns `conversations.history`: what was posted into a channel, the newest first, page by page. */

import { channelId, type SlackMessage, sameChannel } from './message.ts'

type Fields = Readonly<Record<string, unknown>>

const MOST = 999

/** The answer of the method, or the error that Slack names. */
export function history(
  messages: readonly SlackMessage[],
  channel: string,
  given: Fields,
): Fields | { readonly error: string } {
  const limit = given.limit === undefined ? 100 : Number(given.limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST) return { error: 'invalid_limit' }
  const oldest = timeOf(given.oldest ?? '0')
  if (oldest === undefined) return { error: 'invalid_ts_oldest' }
  const latest = timeOf(given.latest ?? String(Number.MAX_SAFE_INTEGER))
  if (latest === undefined) return { error: 'invalid_ts_latest' }
  const from = given.cursor === undefined || given.cursor === '' ? latest : cursorOf(given.cursor)
  if (from === undefined) return { error: 'invalid_cursor' }
  const isIncluded = flag(given.inclusive)

  const found = messages
    .filter((message) => sameChannel(message.channel, channel) || channelId(message.channel) === channel)
    .filter(isTopLevel)
    .filter((message) => {
      const at = micros(message.ts)
      const isLater = isIncluded ? at >= oldest : at > oldest
      const isEarlier = isIncluded ? at <= latest : at < latest
      return isLater && isEarlier && at <= from
    })
    .toReversed()
  const next = found[limit]
  return {
    ok: true,
    messages: found.slice(0, limit).map((message) => shown(message, flag(given.include_all_metadata))),
    has_more: next !== undefined,
    pin_count: 0,
    channel_actions_ts: null,
    channel_actions_count: 0,
    ...(next !== undefined && { response_metadata: { next_cursor: cursorAt(next) } }),
  }
}

/** Replies stand in their thread, unless they are sent to the channel as well. */
function isTopLevel({ ts, payload }: SlackMessage): boolean {
  const { thread_ts: thread = ts, reply_broadcast: sent } = payload
  return thread === ts || flag(sent)
}

function shown({ text, ts, via, payload }: SlackMessage, withMetadata: boolean): Fields {
  const { blocks, attachments, thread_ts, metadata } = payload
  return {
    type: 'message',
    ...(via === 'webhook' ? { subtype: 'bot_message' } : { user: 'U00000000', team: 'T00000000' }),
    text,
    ts,
    bot_id: 'B00000000',
    ...(blocks !== undefined && { blocks }),
    ...(attachments !== undefined && { attachments }),
    ...(thread_ts !== undefined && { thread_ts }),
    ...(withMetadata && metadata !== undefined && { metadata }),
  }
}

/** Arguments of forms are texts. */
function flag(value: unknown): boolean {
  return value === true || value === 'true' || value === '1' || value === 1
}

/** A `ts` or a number of seconds, in microseconds. */
function timeOf(value: unknown): bigint | undefined {
  const text = String(value)
  return /^\d{1,16}(\.\d{1,6})?$/.test(text) ? micros(text) : undefined
}

function micros(ts: string): bigint {
  const [seconds = '0', fraction = ''] = ts.split('.')
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
}

function cursorAt({ ts }: SlackMessage): string {
  return Buffer.from(`next_ts:${micros(ts)}`).toString('base64')
}

function cursorOf(cursor: unknown): bigint | undefined {
  const [, at] = /^next_ts:(\d{1,22})$/.exec(Buffer.from(String(cursor), 'base64').toString()) ?? []
  return at === undefined ? undefined : BigInt(at)
}
