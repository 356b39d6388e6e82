import { type Slack, type SlackMessage, slackWith } from '../slack/index.ts'

export interface MemorySlack extends Slack {
  /** What was posted, in order. */
  readonly sent: readonly SlackMessage[]
  /** The next posts throw this instead, once for each call of `fail`. */
  fail(error: unknown): void
}

/** A Slack in memory, for tests. */
export function memorySlack(): MemorySlack {
  const sent: SlackMessage[] = []
  const failures: unknown[] = []
  const slack = slackWith(async (message) => {
    if (failures.length > 0) throw failures.shift()
    sent.push({ channel: message.channel, text: message.text })
  })
  return { ...slack, sent, fail: (error) => void failures.push(error) }
}
