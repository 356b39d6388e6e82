import { createSlack, type Slack, type SlackMessage, type SlackOptions, slackWith } from '../slack/index.ts'

export interface MemorySlack extends Slack {
  /** What was posted, in order, as Slack gets it: escaped, unless the format is `mrkdwn`. */
  readonly sent: readonly SlackMessage[]
  /** The next posts throw this instead, once for each call of `fail`. */
  fail(error: unknown): void
}

/**
 * A Slack in memory, for tests: the adapter itself, whose messages go no further.
 *
 * @param options `format`, as in `createSlack`
 * @throws ConfigurationError for another format
 * @example
 * const slack = memorySlack()
 * await slack.post({ channel: '#marketing', text: 'trial -> paid' })
 * slack.sent // [{ channel: '#marketing', text: 'trial -&gt; paid' }]
 */
export function memorySlack(options: Pick<SlackOptions, 'format'> = {}): MemorySlack {
  const sent: SlackMessage[] = []
  const failures: unknown[] = []
  const { format } = Object(options)
  const real = createSlack({
    token: 'memory',
    fetch: async (_, request) => {
      request?.signal?.throwIfAborted()
      return answer(String(request?.body), sent)
    },
    ...(format !== undefined && { format }),
  })
  const slack = slackWith(async (message, given) => {
    if (failures.length > 0) throw failures.shift()
    return real.post(message, given)
  })
  return { ...slack, sent, fail: (error) => void failures.push(error) }
}

/** What `chat.postMessage` does. */
function answer(body: string, sent: SlackMessage[]): Response {
  const { channel, text } = JSON.parse(body)
  const error = channel === '' ? 'channel_not_found' : text === '' ? 'no_text' : undefined
  if (error !== undefined) return Response.json({ ok: false, error })
  sent.push({ channel, text })
  return Response.json({ ok: true })
}
