import { bare, check, port, type ShapesOf } from '@spaceship/core/adapter'
import { memoryReferences } from '@spaceship/core/memory'
import type { ReferenceStore } from '@spaceship/core/ports'
import { createSlack, type Slack, type SlackOptions, slackWith } from '../slack/index.ts'

/** A message as Slack got it. */
export interface SentMessage {
  readonly channel: string
  /** Escaped, unless the format is `mrkdwn`. */
  readonly text: string
  readonly blocks?: readonly unknown[]
  /** Of the root, where it is a reply. */
  readonly thread_ts?: string
}

export interface MemorySlack extends Slack {
  /** What was posted, in order; a message that was updated is as it stands now. */
  readonly sent: readonly SentMessage[]
  /** The next posts throw this instead, once for each call of `fail`. */
  fail(error: unknown): void
}

export interface MemorySlackOptions {
  /** As in `createSlack`. @default 'plain' */
  readonly format?: NonNullable<SlackOptions['format']>
  /** As in `createSlack`. @default memoryReferences() */
  readonly references?: ReferenceStore
}

export const MEMORY_SLACK = {
  options: bare({ references: port('add', 'a ReferenceStore') } satisfies Partial<
    ShapesOf<MemorySlackOptions>
  >),
}

/**
 * A Slack in memory, for tests: the adapter itself, whose messages go no further.
 *
 * @throws ConfigurationError for another format
 * @example
 * const slack = memorySlack()
 * await slack.post({ channel: '#marketing', text: 'trial -> paid' })
 * slack.sent // [{ channel: '#marketing', text: 'trial -&gt; paid' }]
 */
export function memorySlack(options: MemorySlackOptions = {}): MemorySlack {
  check('memorySlack', MEMORY_SLACK, { options })
  const sent: SentMessage[] = []
  const failures: unknown[] = []
  const { format, references = memoryReferences() } = options
  const answer = answering(sent)
  const real = createSlack({
    token: 'memory',
    rate: '1000000/s',
    references,
    fetch: async (url, request) => {
      request?.signal?.throwIfAborted()
      return answer(String(url), String(request?.body))
    },
    ...(format !== undefined && { format }),
  })
  const keep = real.update
  const failing = () => {
    if (failures.length > 0) throw failures.shift()
  }
  const slack = slackWith({
    post: async (message, given) => {
      failing()
      return real.post(message, given)
    },
  })
  return {
    ...slack,
    update: (given) => {
      const handle = keep(given)
      return Object.assign(async (...asked: Parameters<typeof handle>) => {
        failing()
        return handle(...asked)
      }, handle)
    },
    sent,
    fail: (error) => void failures.push(error),
  }
}

/** What `chat.postMessage` and `chat.update` do. */
function answering(sent: SentMessage[]): (url: string, body: string) => Response {
  const refusal = (error: string) => Response.json({ ok: false, error })
  return (url, body) => {
    const { channel, text, blocks, thread_ts, ts: asked } = JSON.parse(body)
    if (channel === '') return refusal('channel_not_found')
    if (text === '') return refusal('no_text')
    const content = { channel, text, ...(blocks !== undefined && { blocks }) }
    if (url.endsWith('chat.update')) {
      const place = Number(String(asked).split('.')[1]) - 1
      if (sent[place] === undefined) return refusal('message_not_found')
      sent[place] = content
      return Response.json({ ok: true, channel, ts: asked })
    }
    sent.push({ ...content, ...(thread_ts !== undefined && { thread_ts }) })
    const ts = `1700000000.${String(sent.length).padStart(6, '0')}`
    return Response.json({ ok: true, channel, ts, message: { ts, text, ...(thread_ts && { thread_ts }) } })
  }
}
