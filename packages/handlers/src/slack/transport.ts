/** Owns one request to Slack: through its Web API, through a webhook's URL, or through an `IncomingWebhook` of the official package. */

import { Permanent } from '@spaceship/core'
import { type Judged, judge, noClient, noWebhook, unanswered } from './answer.ts'

/**
 * What an `IncomingWebhook` of `@slack/webhook` is given: its requests go through our `fetch`, which sees `Retry-After`. A message is sent once:
 * the client hears of no failure, so a `retryConfig` of its own repeats nothing of which nobody knows whether it was posted.
 */
export interface WebhookTransport {
  readonly fetch: (url: string | URL, init?: object) => Promise<Response>
  readonly timeout: number
}

/** Makes the official client of a webhook: `(transport) => new IncomingWebhook(url, { ...transport, username: 'ship' })`. */
export type MakeWebhook = (transport: WebhookTransport) => {
  // Safe for a caller: it gets what Slack takes. The package's own type of a message is its affair.
  send(message: never): Promise<unknown>
}

export interface TransportOptions {
  readonly token: string | undefined
  readonly webhooks: Readonly<Record<string, string | MakeWebhook>> | undefined
  readonly apiUrl: string
  /** Milliseconds. */
  readonly timeout: number
  readonly fetch: typeof fetch
}

/** What Slack says of a message that it took; webhooks say nothing. */
export interface Taken {
  readonly channel?: string
  readonly ts?: string
  readonly message?: { readonly thread_ts?: string }
}

export type Transport = (
  method: 'chat.postMessage' | 'chat.update',
  message: { readonly channel: string; readonly [field: string]: unknown },
  /** As the user names the channel. */
  channel: string,
  signal: AbortSignal | undefined,
) => Promise<Taken>

interface Answer {
  readonly response: Judged
  readonly body: string
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

/** Throws as the table in `answer.ts` says. */
export function createTransport({ token, webhooks, apiUrl, timeout, fetch }: TransportOptions): Transport {
  /** The response without its body, and that. An answer may break off, or not come to its end in time. */
  async function asked(url: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Answer> {
    const patience = AbortSignal.timeout(timeout)
    const both = signal === undefined ? patience : AbortSignal.any([signal, patience])
    // Slack sends nobody elsewhere. Who does is a sign-in page or the like, and must not be handed the message.
    const response = await fetch(url, { ...init, redirect: 'manual', signal: both })
    return { response, body: await response.text() }
  }

  /** Resolves to undefined if the client asked nothing through our `fetch`. @throws Unavailable for a client that cannot be made */
  function throughClient(
    make: MakeWebhook,
    message: object,
    channel: string,
    signal: AbortSignal | undefined,
  ): () => Promise<Answer | undefined> {
    let asking: Promise<Answer> | undefined
    const transport: WebhookTransport = {
      timeout: 0,
      fetch: async (url, init) => {
        asking ??= asked(String(url), { ...init }, signal)
        // What came is judged below: a client that hears of a failure may send the message again by itself.
        await asking.catch(() => {})
        return new Response('ok')
      },
    }
    const client = clientOf(make, transport, channel)
    return async () => {
      try {
        // It takes what Slack takes.
        await client.send(message as never)
      } catch (error) {
        if (asking === undefined) throw error
      }
      return asking
    }
  }

  return async (method, message, channel, signal) => {
    signal?.throwIfAborted()
    const { channel: _, ...withoutChannel } = message
    const target = { channel, webApi: token !== undefined, repeatable: method === 'chat.update' }
    // An event may name the channel, and `constructor` is no webhook.
    const named = webhooks !== undefined && Object.hasOwn(webhooks, channel)
    const webhook = token === undefined && named ? webhooks[channel] : undefined
    if (token === undefined && webhook === undefined) throw noWebhook(channel)
    // Nothing was sent by a client that cannot even be made.
    const throughIt =
      typeof webhook === 'function' ? throughClient(webhook, withoutChannel, channel, signal) : undefined
    let answer: Answer | undefined
    try {
      if (token !== undefined)
        answer = await asked(
          `${apiUrl.replace(/\/$/, '')}/${method}`,
          {
            method: 'POST',
            headers: { ...JSON_TYPE, authorization: `Bearer ${token.trim()}` },
            body: JSON.stringify(message),
          },
          signal,
        )
      else if (throughIt !== undefined) answer = await throughIt()
      else
        answer = await asked(
          String(webhook),
          { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(message) },
          signal,
        )
    } catch (cause) {
      signal?.throwIfAborted()
      throw unanswered(cause, target)
    }
    if (answer === undefined) throw ownWay(channel)
    judge(answer.response, answer.body, target)
    return token === undefined ? {} : JSON.parse(answer.body)
  }
}

function clientOf(make: MakeWebhook, transport: WebhookTransport, channel: string) {
  try {
    return make(transport)
  } catch (error) {
    throw noClient(channel, error)
  }
}

/** Nobody sees what Slack answers then, and a repeat might be one of many. */
function ownWay(channel: string): Permanent {
  const advice = 'hand it on, as in (transport) => new IncomingWebhook(url, { ...transport })'
  return new Permanent(
    `the client of the webhook of '${channel}' asked nothing through the 'fetch' that it was given: ${advice}`,
  )
}
