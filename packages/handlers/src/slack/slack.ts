/**
 * Owns the calls to Slack; what its answers mean stands in `answer.ts`.
 */

import { codeOf, type Duration, Permanent } from '@spaceship/core'
import type { Rate } from '@spaceship/core/adapter'
import {
  bare,
  callable,
  check,
  choice,
  count,
  duration,
  like,
  milliseconds,
  port,
  problemsOf,
  rate,
  record,
  required,
  type ShapesOf,
  spacing,
  text,
} from '@spaceship/core/adapter'
import { type Clock, type ReferenceStore, systemClock } from '@spaceship/core/ports'
import { isAmbiguous } from './answer.ts'
import { readyBlocks } from './blocks.ts'
import { type Posted, type Slack, type SlackMessage, slackWith } from './notify.ts'
import { createPace } from './pace.ts'
import { readyText } from './text.ts'
import { createThreads } from './threads.ts'
import { createTransport, type MakeWebhook, type Taken, type Transport } from './transport.ts'

export interface SlackOptions {
  /** A bot token for the Web API, which posts to every channel the bot is in; blanks around it, as at the end of a file, are left out. */
  readonly token?: string
  /**
   * Incoming webhooks by channel, for those without a bot: URLs, or what makes the official client of one,
   * `(transport) => new IncomingWebhook(url, { ...transport })`. Such a client sends a message once, whatever its `retryConfig` says: the
   * engine asks again, as `onAmbiguous` says.
   */
  readonly webhooks?: Readonly<Record<string, string | MakeWebhook>>
  /** Without user and password, which no request carries. @default 'https://slack.com/api' */
  readonly apiUrl?: string
  /** `plain` escapes texts that `mrkdwn` did not make, also in blocks; `mrkdwn` leaves links and mentions to you. @default 'plain' */
  readonly format?: 'plain' | 'mrkdwn'
  /** How long to wait for an answer. @default '10s' */
  readonly timeout?: Duration
  /** Messages to one channel, once the burst is used: what comes before its turn waits, and no attempt is counted. @default '1/s' */
  readonly rate?: Rate
  /** Messages to one channel at once. @default 20 */
  readonly burst?: number
  /**
   * What becomes of a message of which nobody knows whether Slack has posted it: no answer, one that came too late, a 5xx. `'retry'` may
   * post it twice, `'drop'` perhaps never, `'dead-letter'` leaves it to somebody. A change of a message is always asked for again: twice is
   * like once.
   *
   * @default 'retry'
   */
  readonly onAmbiguous?: 'retry' | 'drop' | 'dead-letter'
  /** Which message a thread began with, and which one is kept current. @default there are no threads */
  readonly references?: ReferenceStore
  /** @default the global fetch */
  readonly fetch?: typeof fetch
  /** For tests. @default the system's */
  readonly clock?: Clock
}

/** What `fetch` asks: it refuses a user and a password, and other protocols. A webhook's URL is a secret, and is not shown. */
const url = required(like('a URL of http or https, without user and password', isUrl))

export const SLACK = {
  options: bare({
    token: text('a bot token (is the secret set?)'),
    webhooks: record({}),
    apiUrl: { ...url, required: false },
    format: choice('plain', 'mrkdwn'),
    timeout: duration('10s'),
    rate,
    burst: count(),
    onAmbiguous: choice('retry', 'drop', 'dead-letter'),
    references: port('add', 'a ReferenceStore'),
    fetch: callable,
    clock: port('monotonic', 'a Clock'),
  } satisfies ShapesOf<SlackOptions>),
}

/**
 * Slack through its Web API or through webhooks.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const slack = createSlack({ token: secrets.slackToken })
 */
export function createSlack(options: SlackOptions): Slack {
  check('slack', SLACK, { options }, () => targetProblems(options))
  const { apiUrl = 'https://slack.com/api', format = 'plain', timeout = '10s', token, webhooks } = options
  const { rate: perSecond = '1/s', burst = 20, onAmbiguous = 'retry', references } = options
  const escapes = format === 'plain'
  const clock = options.clock ?? systemClock
  const pace = createPace(spacing(perSecond), burst, clock)
  const patience = milliseconds(timeout)
  const transport = createTransport({
    token,
    webhooks,
    apiUrl,
    timeout: patience,
    // Looked up when it is called: tests may replace the global one.
    fetch: options.fetch ?? ((...asked) => fetch(...asked)),
  })

  const send: Transport = async (method, message, channel, signal) => {
    try {
      return await transport(method, message, channel, signal)
    } catch (error) {
      if (codeOf(error) === 'retry-after') pace.slowDown(channel, Number(Object(error).delay))
      throw error
    }
  }
  const threads =
    references && token !== undefined ? createThreads({ send, references, patience, clock }) : undefined

  const contentOf = ({ text, blocks }: SlackMessage) => ({
    text: readyText(text, escapes),
    ...(blocks !== undefined && { blocks: readyBlocks(blocks, escapes) }),
  })

  /** In its turn, and judged by what is wanted of the ambiguous. */
  async function paced(channel: string, sending: () => Promise<Taken>): Promise<Posted> {
    pace.admit(channel)
    try {
      const { channel: id, ts } = await sending()
      return { ...(id !== undefined && { channel: id }), ...(ts !== undefined && { ts }) }
    } catch (error) {
      if (!isAmbiguous(error) || onAmbiguous === 'retry') throw error
      if (onAmbiguous === 'drop') return { ambiguous: true }
      throw new Permanent('nobody knows whether Slack has posted the message', { cause: error })
    }
  }

  /** A webhook's URL is a secret as a whole. */
  const needs = (channel: string | undefined) =>
    token !== undefined
      ? { endpoints: [apiUrl], secrets: ['the token of Slack'] }
      : {
          endpoints: ['https://hooks.slack.com'],
          secrets: (channel === undefined ? Object.keys(webhooks ?? {}) : [channel]).map(
            (name) => `the webhook of ${name}`,
          ),
        }

  return slackWith(
    {
      needs,
      post: async (message, { signal } = {}) => {
        signal?.throwIfAborted()
        const { channel, thread } = message
        const content = contentOf(message)
        if (thread !== undefined && threads === undefined)
          throw new Permanent(`a thread needs ${NEEDS_THREADS}`)
        return paced(channel, () =>
          thread === undefined || threads === undefined
            ? send('chat.postMessage', { channel, ...content }, channel, signal)
            : threads.reply(channel, thread, content, signal),
        )
      },
      update: async (message, key, { signal } = {}) => {
        signal?.throwIfAborted()
        const { channel } = message
        const content = contentOf(message)
        if (threads === undefined) throw new Permanent(`an update needs ${NEEDS_THREADS}`)
        return paced(channel, () => threads.update(channel, key, content, signal))
      },
    },
    threads === undefined ? NEEDS_THREADS : undefined,
  )
}

const NEEDS_THREADS = "'token' and 'references' of createSlack"

function targetProblems(options: SlackOptions): string[] {
  const { token, webhooks } = Object(options)
  const one = "expected 'token' for the Web API, or 'webhooks' by channel"
  const isSendable = typeof token !== 'string' || /^[\x21-\x7e]*$/.test(token.trim())
  return [
    ...(token === undefined && webhooks === undefined ? [`'token' and 'webhooks' are missing: ${one}`] : []),
    ...(token !== undefined && webhooks !== undefined
      ? [`'token' and 'webhooks' are both given: ${one}`]
      : []),
    ...(isSendable
      ? []
      : ["'token' holds characters that no header takes: expected visible ASCII characters in one line"]),
    ...Object.entries(Object(webhooks)).flatMap(([channel, given]) =>
      callable.fits(given) ? [] : problemsOf(url, given, `webhooks.${channel}`),
    ),
  ]
}

function isUrl(given: unknown): boolean {
  if (typeof given !== 'string' || !URL.canParse(given)) return false
  const { protocol, username, password } = new URL(given)
  return /^https?:$/.test(protocol) && username + password === ''
}
