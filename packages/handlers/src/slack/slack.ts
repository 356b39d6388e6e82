/**
 * Owns the calls to Slack and what its answers mean.
 *
 * | answer                                          | verdict                                            |
 * |-------------------------------------------------|----------------------------------------------------|
 * | 2xx (Web API: and `ok: true`)                   | done                                               |
 * | 429, `ratelimited`                              | RetryAfter what `Retry-After` says, else 30 s      |
 * | no answer, time-out, 5xx, refused credentials   | Unavailable                                        |
 * | anything else                                   | Permanent: Slack's word for it, never the text     |
 */

import { type Duration, Permanent, RetryAfter, Unavailable } from '@spaceship/core'
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
import { type Slack, type SlackMessage, slackWith } from './notify.ts'
import { escapeText, shortened } from './text.ts'

export interface SlackOptions {
  /** A bot token for the Web API, which posts to every channel the bot is in. */
  readonly token?: string
  /** Incoming webhooks by channel, for those without a bot. */
  readonly webhooks?: Readonly<Record<string, string>>
  /** @default 'https://slack.com/api' */
  readonly apiUrl?: string
  /** `plain` escapes the whole text; `mrkdwn` leaves links and mentions to you (escape values with `escapeText`). @default 'plain' */
  readonly format?: 'plain' | 'mrkdwn'
  /** How long to wait for an answer. @default '10s' */
  readonly timeout?: Duration
  /** @default the global fetch */
  readonly fetch?: typeof fetch
}

const BAD_CREDENTIALS = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'missing_scope',
])

const url = required(like('a URL', (given) => typeof given === 'string' && URL.canParse(given)))

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
    try {
      response = await call(url, request)
    } catch (cause) {
      signal?.throwIfAborted()
      throw new Unavailable('slack', 'Slack did not answer', { cause })
    }
    judge(response, await response.text(), token !== undefined)
  })

  function target({ channel }: SlackMessage): {
    readonly url: string
    readonly headers: Record<string, string>
  } {
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    if (token !== undefined)
      return {
        url: `${apiUrl.replace(/\/$/, '')}/chat.postMessage`,
        headers: { ...headers, authorization: `Bearer ${token}` },
      }
    const url = webhooks?.[channel]
    if (url === undefined) throw new Permanent(`no webhook is configured for the channel '${channel}'`)
    return { url, headers }
  }
}

function targetProblems(options: SlackOptions): string[] {
  const { token, webhooks } = Object(options)
  const one = "expected 'token' for the Web API, or 'webhooks' by channel"
  return [
    ...(token === undefined && webhooks === undefined ? [`'token' and 'webhooks' are missing: ${one}`] : []),
    ...(token !== undefined && webhooks !== undefined
      ? [`'token' and 'webhooks' are both given: ${one}`]
      : []),
    ...Object.entries(Object(webhooks)).flatMap(([channel, given]) =>
      problemsOf(url, given, `webhooks.${channel}`),
    ),
  ]
}

function judge(response: Response, body: string, webApi: boolean): void {
  const error = webApi && response.ok ? errorIn(body) : undefined
  if (response.status === 429 || error === 'ratelimited') {
    const seconds = Number(response.headers.get('retry-after') ?? 30)
    throw new RetryAfter(
      Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : '30s',
      'Slack asks to slow down',
    )
  }
  if (response.ok && error === undefined) return
  // The Web API refuses with 200 and a word: another status is a wrong URL or something on the way.
  if (response.status >= 500 || (webApi && !response.ok))
    throw new Unavailable('slack', `Slack answered ${response.status}`)
  const word = error ?? wordIn(body)
  if (response.status === 401 || response.status === 403 || BAD_CREDENTIALS.has(word)) {
    throw new Unavailable('slack', `Slack refused the credentials: ${word}`)
  }
  throw new Permanent(`Slack refused the message: ${response.status} ${word}`)
}

/** The Web API answers 200 with `{ ok: false, error }`. Something that is not its JSON is not Slack. */
function errorIn(body: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(body)
    if (typeof answer === 'object' && answer !== null && 'ok' in answer) {
      if (answer.ok === true) return undefined
      return 'error' in answer && typeof answer.error === 'string' ? answer.error : 'unknown_error'
    }
  } catch {
    // Reported below.
  }
  throw new Unavailable('slack', 'the answer is not from Slack: is a proxy in between?')
}

/** Webhooks answer with one word, such as `no_text`. Longer bodies are somebody else's. */
function wordIn(body: string): string {
  return /^[a-z_]{1,64}$/.test(body.trim()) ? body.trim() : 'without a reason'
}
