/**
 * Owns the calls to Slack; what its answers mean stands in `answer.ts`.
 */

import type { Duration } from '@spaceship/core'
import {
  bare,
  callable,
  check,
  choice,
  duration,
  like,
  milliseconds,
  problemsOf,
  record,
  required,
  type ShapesOf,
  text,
} from '@spaceship/core/adapter'
import { judge, noWebhook, unanswered } from './answer.ts'
import { type Slack, type SlackMessage, slackWith } from './notify.ts'
import { escapeText, shortened } from './text.ts'

export interface SlackOptions {
  /** A bot token for the Web API, which posts to every channel the bot is in; blanks around it, as at the end of a file, are left out. */
  readonly token?: string
  /** Incoming webhooks by channel, for those without a bot. */
  readonly webhooks?: Readonly<Record<string, string>>
  /** Without user and password, which no request carries. @default 'https://slack.com/api' */
  readonly apiUrl?: string
  /** `plain` escapes the whole text; `mrkdwn` leaves links and mentions to you (escape values with `escapeText`). @default 'plain' */
  readonly format?: 'plain' | 'mrkdwn'
  /** How long to wait for an answer. @default '10s' */
  readonly timeout?: Duration
  /** @default the global fetch */
  readonly fetch?: typeof fetch
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
    fetch: callable,
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
  const call = options.fetch ?? fetch

  return slackWith(async ({ channel, text }, { signal } = {}) => {
    signal?.throwIfAborted()
    const message = { channel, text: shortened(format === 'plain' ? escapeText(text) : text) }
    const { url, headers } = target(message)
    const patience = AbortSignal.timeout(milliseconds(timeout))
    const request = {
      method: 'POST',
      headers,
      body: JSON.stringify(message),
      signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
    }
    let response: Response
    let body: string
    try {
      response = await call(url, request)
      // An answer may break off, or not come to its end in time.
      body = await response.text()
    } catch (cause) {
      signal?.throwIfAborted()
      throw unanswered(cause, channel, token === undefined ? 'its webhook' : "'apiUrl'")
    }
    judge(response, body, { channel, webApi: token !== undefined })
  })

  function target({ channel }: SlackMessage): {
    readonly url: string
    readonly headers: Record<string, string>
  } {
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    if (token !== undefined)
      return {
        url: `${apiUrl.replace(/\/$/, '')}/chat.postMessage`,
        headers: { ...headers, authorization: `Bearer ${token.trim()}` },
      }
    const url = webhooks?.[channel]
    if (url === undefined) throw noWebhook(channel)
    return { url, headers }
  }
}

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
      problemsOf(url, given, `webhooks.${channel}`),
    ),
  ]
}

function isUrl(given: unknown): boolean {
  if (typeof given !== 'string' || !URL.canParse(given)) return false
  const { protocol, username, password } = new URL(given)
  return /^https?:$/.test(protocol) && username + password === ''
}
