import { SpaceshipError } from '@spaceship/core'
import { NO_SHELF, type Shelf } from '../data/index.ts'
import { decoded, json, type Reply, serve } from '../http/index.ts'
import { apiArguments, type SlackRequest, tokenOf, webhookPayload } from './body.ts'
import { createFaults } from './faults.ts'
import { history } from './history.ts'
import { channelId, problemWith, type SlackMessage, sameChannel } from './message.ts'

export interface SlackOptions {
  /** @default chosen by the system */
  readonly port?: number
  /** The channels that exist. @default every channel exists */
  readonly channels?: readonly string[]
  /** The Web API's valid tokens. @default every token is valid */
  readonly tokens?: readonly string[]
  /** Keeps the messages. @default they are gone with the process */
  readonly shelf?: Shelf
}

export interface Slack extends AsyncDisposable {
  readonly url: string
  /** For `new WebClient(token, { slackApiUrl })`. */
  readonly apiUrl: string
  /** Every message posted so far, oldest first. */
  readonly messages: readonly SlackMessage[]
  /** An incoming webhook that posts into `channel`. */
  webhookUrl(channel: string): string
  messagesIn(channel: string): readonly SlackMessage[]
  /**
   * The first message, posted already or from now on, for which `predicate` holds.
   *
   * @throws SpaceshipError `slack-wait` if none came within `timeoutMs` (default 10,000), or Slack was closed
   * @example
   * await ship.slack.waitFor((message) => message.text.includes('Acme'))
   */
  waitFor(
    predicate: (message: SlackMessage) => boolean,
    options?: { timeoutMs?: number },
  ): Promise<SlackMessage>
  /** The next requests are answered 429 with `Retry-After`. */
  throttle(options?: { times?: number; retryAfterSeconds?: number }): void
  /** The next requests are answered with a server error, before or (`afterPosting`) after the message was posted. */
  fail(options?: { times?: number; status?: number; afterPosting?: boolean }): void
  /** Every answer takes this long from now on. */
  delay(milliseconds: number): void
  /** As somebody removes a message in Slack. */
  remove(message: SlackMessage): void
  /** Forgets messages, faults and delay. */
  clear(): void
  close(): Promise<void>
}

const METHODS: ReadonlySet<string> = new Set(['chat.postMessage', 'chat.update', 'conversations.history'])

interface Waiter {
  readonly predicate: (message: SlackMessage) => boolean
  resolve(message: SlackMessage): void
  reject(error: Error): void
}

/**
 * Slack on this machine: incoming webhooks and the Web API methods `chat.postMessage`, `chat.update`, `conversations.history` and `auth.test`, as
 * the official clients expect them. Other methods answer `unknown_method`.
 *
 * @example
 * import { IncomingWebhook } from '@slack/webhook'
 * await using slack = await startSlack()
 * await new IncomingWebhook(slack.webhookUrl('#marketing')).send('Acme came on board')
 * slack.messagesIn('#marketing') // [{ text: 'Acme came on board', via: 'webhook', ... }]
 */
export async function startSlack({
  port,
  channels,
  tokens,
  shelf = NO_SHELF,
}: SlackOptions = {}): Promise<Slack> {
  const faults = createFaults()
  const waiters = new Set<Waiter>()
  const delayed = new Set<() => void>()
  let messages: SlackMessage[] = shelf
    .all()
    .map(([ts, kept]) => ({ ...Object(kept), ts, at: new Date(Object(kept).at) }))
  // The number is the fraction of a `ts`.
  let posted = Number(messages.at(-1)?.ts.split('.')[1] ?? 0)
  let latency = 0

  const exists = (channel: string) =>
    channels === undefined || channels.some((known) => sameChannel(known, channel))

  function post(channel: string, via: SlackMessage['via'], payload: SlackMessage['payload']): SlackMessage {
    const at = new Date()
    posted += 1
    const ts = `${Math.floor(at.getTime() / 1000)}.${String(posted).padStart(6, '0')}`
    const message: SlackMessage = {
      at,
      channel,
      text: typeof payload.text === 'string' ? payload.text : '',
      via,
      ts,
      payload,
    }
    messages = [...messages, message]
    shelf.set(ts, message)
    for (const waiter of waiters) if (waiter.predicate(message)) waiter.resolve(message)
    return message
  }

  const isIn = (message: SlackMessage, channel: string) =>
    sameChannel(message.channel, channel) || channelId(message.channel) === channel

  function update(channel: string, { ts, ...payload }: SlackMessage['payload']): SlackMessage | undefined {
    const known = messages.find((one) => isIn(one, channel) && one.ts === ts)
    if (known === undefined) return undefined
    const text = typeof payload.text === 'string' ? payload.text : ''
    const updated = { ...known, text, payload: { ...payload, channel: known.channel } }
    messages = messages.map((one) => (one === known ? updated : one))
    shelf.set(known.ts, updated)
    return updated
  }

  function webhook(path: string, request: SlackRequest): Reply {
    const channel = decoded(path.split('/').at(-1) ?? '')
    const plain = (status: number, body: string): Reply => ({
      status,
      headers: { 'content-type': 'text/html' },
      body,
    })
    const fault = faults.next()
    if (fault && !fault.afterPosting) return fault.reply
    const parsed = webhookPayload(request)
    if ('error' in parsed) return plain(400, parsed.error)
    if (channel === undefined || !exists(channel)) return plain(404, 'channel_not_found')
    const problem = problemWith(parsed.fields)
    if (problem !== undefined) return plain(400, problem)
    post(channel, 'webhook', parsed.fields)
    return fault?.reply ?? plain(200, 'ok')
  }

  function api(method: string, request: SlackRequest): Reply {
    const refusal = (error: string) => json(200, { ok: false, error })
    const fault = faults.next()
    if (fault && !fault.afterPosting) return fault.reply
    const parsed = apiArguments(request)
    if ('error' in parsed) return refusal(parsed.error)
    const { token: _, ...payload } = parsed.fields
    const token = tokenOf(request, parsed.fields)
    if (token === undefined) return refusal('not_authed')
    if (tokens !== undefined && !tokens.includes(token)) return refusal('invalid_auth')
    if (method === 'auth.test') {
      return (
        fault?.reply ??
        json(200, {
          ok: true,
          url: `${server.url}/`,
          team: 'Spaceship',
          team_id: 'T00000000',
          user: 'spaceship',
          user_id: 'U00000000',
          bot_id: 'B00000000',
        })
      )
    }
    if (!METHODS.has(method)) return refusal('unknown_method')
    const { channel } = payload
    if (typeof channel !== 'string' || channel === '' || !exists(channel)) return refusal('channel_not_found')
    if (method === 'conversations.history') {
      const found = history(messages, channel, payload)
      return 'error' in found ? refusal(String(found.error)) : (fault?.reply ?? json(200, found))
    }
    const problem = problemWith(payload)
    if (problem !== undefined) return refusal(problem)
    const replied = (ts: string, text: string, thread: unknown) =>
      fault?.reply ??
      json(200, {
        ok: true,
        channel: channelId(channel),
        ts,
        message: {
          type: 'message',
          bot_id: 'B00000000',
          text,
          ts,
          ...(thread !== undefined && { thread_ts: thread }),
        },
      })
    if (method === 'chat.update') {
      const updated = update(channel, payload)
      return updated === undefined
        ? refusal('message_not_found')
        : replied(updated.ts, updated.text, undefined)
    }
    // A reply to what is not there any more lands in the channel, and the answer names no thread.
    const { thread_ts: thread, ...flat } = payload
    const isThere = messages.some((one) => isIn(one, channel) && one.ts === thread)
    const { ts, text } = post(channel, 'api', isThere ? payload : flat)
    return replied(ts, text, isThere ? thread : undefined)
  }

  const server = await serve(
    async (request) => {
      if (latency > 0) await pause(latency, delayed)
      const [, method] = /^\/api\/([\w.]+)$/.exec(request.path) ?? []
      if (/^(GET|POST)$/.test(request.method) && method !== undefined) return api(method, request)
      if (request.method === 'POST' && /^\/services\/.+/.test(request.path))
        return webhook(request.path, request)
      return json(404, { ok: false, error: 'not_found' })
    },
    port === undefined ? {} : { port },
  )

  async function close(): Promise<void> {
    for (const waiter of waiters)
      waiter.reject(new SpaceshipError('slack-wait', 'Slack was closed while a message was awaited'))
    for (const release of delayed) release()
    await server.close()
  }

  return {
    url: server.url,
    apiUrl: `${server.url}/api/`,
    get messages() {
      return messages
    },
    webhookUrl: (channel) => `${server.url}/services/T00000000/B00000000/${encodeURIComponent(channel)}`,
    messagesIn: (channel) => messages.filter((message) => sameChannel(message.channel, channel)),
    waitFor(predicate, { timeoutMs = 10_000 } = {}) {
      const known = messages.find(predicate)
      if (known) return Promise.resolve(known)
      return new Promise<SlackMessage>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiter.reject(
            new SpaceshipError(
              'slack-wait',
              `none of ${messages.length} Slack messages matched within ${timeoutMs} ms`,
            ),
          )
        }, timeoutMs)
        const settle = () => {
          clearTimeout(timer)
          waiters.delete(waiter)
        }
        const waiter: Waiter = {
          predicate,
          resolve: (message) => {
            settle()
            resolve(message)
          },
          reject: (error) => {
            settle()
            reject(error)
          },
        }
        waiters.add(waiter)
      })
    },
    throttle: faults.throttle,
    fail: faults.fail,
    delay(milliseconds) {
      latency = milliseconds
    },
    remove(message) {
      messages = messages.filter(({ ts }) => ts !== message.ts)
      shelf.delete(message.ts)
    },
    clear() {
      messages = []
      shelf.clear()
      latency = 0
      faults.clear()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Resolves after `milliseconds`, or when Slack is closed. */
function pause(milliseconds: number, pending: Set<() => void>): Promise<void> {
  return new Promise((resolve) => {
    const release = () => {
      clearTimeout(timer)
      pending.delete(release)
      resolve()
    }
    const timer = setTimeout(release, milliseconds)
    pending.add(release)
  })
}
