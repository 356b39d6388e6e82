/**
 * Owns what the answers of Slack mean.
 *
 * | answer                                                       | verdict                                              |
 * |--------------------------------------------------------------|------------------------------------------------------|
 * | 2xx, and `ok: true` of the Web API, or `ok` of a webhook     | done                                                 |
 * | 429, `ratelimited` and its like                              | RetryAfter the seconds of `Retry-After`, an hour at  |
 * |                                                              | most, else 30 s                                      |
 * | no answer, none in time, 408, 5xx, Slack's own failures      | an outage; the message may have been posted: as      |
 * |                                                              | `onAmbiguous` says; an update is asked for again     |
 * | no connection, so that nothing was sent                      | an outage                                            |
 * | no answer, because nobody knows the host (`ENOTFOUND`)       | set-up `unknown-operation`                           |
 * | TLS: a certificate that is not trusted, or no TLS there;     | set-up `unknown-operation`                           |
 * | nothing was sent                                             |                                                      |
 * | 401, 403, refused tokens and scopes                          | set-up `denied`                                      |
 * | the channel or webhook is missing, archived or out of reach  | set-up `not-found` where a route names its channel   |
 * |                                                              | once for all, else Permanent: the event named it     |
 * | unknown methods; what is not from Slack, such as the page of | set-up `unknown-operation`                           |
 * | a proxy, and where that sends us                             |                                                      |
 * | any other word of Slack                                      | Permanent: Slack's word for it, never the text       |
 *
 * Words of the Web API: https://docs.slack.dev/reference/methods/chat.postMessage#errors
 * Words of webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
 */

import { Permanent, RetryAfter, Unavailable } from '@spaceship/core'
import type { SetUp } from '@spaceship/core/adapter'
import { isOfTls, networkCode } from '../network/index.ts'

type Meaning = 'wait' | 'outage' | SetUp['reason']

const MEANINGS: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    wait: 'ratelimited rate_limited message_limit_exceeded',
    outage:
      'external_channel_migrating fatal_error internal_error request_timeout rollup_error service_unavailable team_added_to_org',
    denied:
      'access_denied accesslimited account_inactive action_prohibited ekm_access_denied enterprise_is_restricted invalid_auth invalid_token missing_scope ' +
      'no_permission not_allowed_token_type not_authed org_login_required posting_to_general_channel_denied restricted_action ' +
      'restricted_action_read_only_channel team_access_not_granted team_disabled token_expired token_revoked two_factor_setup_required',
    'not-found':
      'channel_is_archived channel_not_found is_archived no_active_hooks no_service no_service_id no_team not_in_channel',
    'unknown-operation': 'deprecated_endpoint method_deprecated unknown_method',
    // The words of each meaning are its keys' own.
  }).flatMap(([meaning, words]) => words.split(' ').map((word) => [word, meaning as Meaning] as const)),
)

/** The words with which a webhook refuses a message for good. Behind a 2xx any other word may be anybody's. */
const REFUSALS: ReadonlySet<string> = new Set(
  (
    'invalid_attachments invalid_blocks invalid_blocks_format invalid_payload missing_text_or_fallback_or_attachments ' +
    'msg_blocks_too_long msg_too_long no_text too_many_attachments user_not_found'
  ).split(' '),
)

/** What there is of a response once its body has been read. */
export type Judged = Pick<Response, 'ok' | 'status' | 'headers'>

/** Where there was no connection, nothing was sent. */
const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

const perhapsPosted = new WeakSet<object>()

function ambiguous(error: Unavailable, { repeatable }: Target): Unavailable {
  if (!repeatable) perhapsPosted.add(error)
  return error
}

/** Whether the message may have been posted although nobody said so. */
export const isAmbiguous = (error: unknown): error is Unavailable => perhapsPosted.has(Object(error))

interface Target {
  /** As the user names it. */
  readonly channel: string
  readonly webApi: boolean
  /** Whether asking twice is like asking once: then no answer is ambiguous. */
  readonly repeatable: boolean
}

/** @throws what the table says of an answer that is not good */
export function judge(response: Judged, body: string, target: Target): void {
  const { channel, webApi } = target
  const { ok, status } = response
  const error = webApi && ok ? errorIn(body, target) : undefined
  if (ok && (webApi ? error === undefined : body.trim() === 'ok')) return
  const word = error ?? wordIn(body)
  const meaning = MEANINGS.get(word)
  if (status === 429 || meaning === 'wait') throw slowDown(response)
  if (status === 408 || status >= 500 || meaning === 'outage')
    throw ambiguous(new Unavailable('slack', `Slack answered ${status} ${word}`), target)
  if (meaning === 'not-found') throw noChannel(channel, word)
  if (status === 401 || status === 403 || meaning === 'denied') {
    const advice =
      word === 'missing_scope'
        ? "grant the bot the scope 'chat:write', and install it again"
        : 'give a token or webhook that may post there'
    throw setUp('denied', channel, `Slack refused the credentials: ${word}`, advice)
  }
  if (meaning === 'unknown-operation' || !isRefusal(status, word, target))
    throw notSlack(target, `${status} ${word}`)
  throw new Permanent(`Slack refused the message: ${status} ${word}`)
}

/**
 * The Web API refuses with 200 and a word, a webhook with 4xx and a word. What is otherwise is a wrong URL or something on the way, and the
 * next message fares alike.
 */
function isRefusal(status: number, word: string, { webApi }: Target): boolean {
  if (webApi) return status >= 200 && status < 300
  return word !== WORDLESS && (status >= 400 || REFUSALS.has(word))
}

/** Errors of a `fetch` may name what was asked: the URL of a webhook is a secret, and so is a token. */
function withoutSecrets(error: unknown, depth = 0): Error | undefined {
  if (error === undefined || error === null || depth === MOST_CAUSES) return undefined
  const { name = 'Error', message = error, code, cause } = Object(error)
  const text = String(message)
    .replaceAll(/\bhttps?:\S*/gi, '(a URL)')
    .replaceAll(/\b(?:bearer\s+\S+|x(?:ox|app)[a-z]*-\S+)/gi, '(a token)')
  const inner = withoutSecrets(cause, depth + 1)
  const bare = new Error(text, inner === undefined ? {} : { cause: inner })
  return Object.assign(bare, { name: String(name) }, typeof code === 'string' ? { code } : {})
}

/** Clients wrap errors a few times; a circle of causes ends here. */
const MOST_CAUSES = 8

/** What a request means that was not answered. */
export function unanswered(error: unknown, target: Target): Unavailable {
  const { channel } = target
  const code = networkCode(error)
  const cause = withoutSecrets(error)
  const where = urlOf(target)
  if (code === 'ENOTFOUND') {
    const advice = `check the host of ${where}, and what resolves names here`
    return setUp('unknown-operation', channel, 'nobody knows the host of Slack (ENOTFOUND)', advice, cause)
  }
  if (isOfTls(code)) {
    const advice = `check ${where}, and that the program trusts the certificate there or that of a proxy before it: NODE_EXTRA_CA_CERTS names certificates to trust`
    return setUp('unknown-operation', channel, `Slack and we have no TLS in common (${code})`, advice, cause)
  }
  const silent = new Unavailable('slack', 'Slack did not answer', { cause })
  return code !== undefined && UNSENT.has(code) ? silent : ambiguous(silent, target)
}

export function noWebhook(channel: string): Unavailable {
  const message = `no webhook is configured for the channel '${channel}'`
  return setUp('not-found', channel, message, "add it to 'webhooks'")
}

/** What it throws may hold the URL, which is a secret. */
export function noClient(channel: string, error: unknown): Unavailable {
  const message = `the client of the webhook of '${channel}' cannot be made`
  const advice = "look at what its function in 'webhooks' throws: the URL may be missing from the environment"
  return setUp('denied', channel, message, advice, withoutSecrets(error))
}

function noChannel(channel: string, word: string): Unavailable {
  const message = `Slack cannot post to the channel '${channel}': ${word}`
  const advice =
    word === 'not_in_channel'
      ? `invite the bot to the channel '${channel}'`
      : `create the channel '${channel}', or name another; a webhook may have to be made anew`
  return setUp('not-found', channel, message, advice)
}

/** What holds the URL: a webhook's own is a secret. */
function urlOf({ webApi }: Target): string {
  return webApi ? "'apiUrl'" : 'its webhook'
}

function notSlack(target: Target, what: string): Unavailable {
  const advice = `check ${urlOf(target)}, and whether a proxy is in between`
  return setUp('unknown-operation', target.channel, `the answer is not from Slack (${what})`, advice)
}

function setUp(
  reason: SetUp['reason'],
  channel: string,
  message: string,
  advice: string,
  cause?: unknown,
): Unavailable {
  const setup = { reason, resource: `channel '${channel}'`, advice }
  return new Unavailable('slack', `${message}: ${advice}`, {
    setup,
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Seconds; Slack names some tens. A longer wait would be somebody else's mistake, and whoever comes back early is told again. */
const LONGEST_WAIT = 3_600

function slowDown(response: Judged): RetryAfter {
  const said = response.headers.get('retry-after')?.trim() ?? ''
  const seconds = /^\d+(\.\d+)?$/.test(said) ? Math.min(Number(said), LONGEST_WAIT) : 30
  return new RetryAfter(seconds * 1_000, 'Slack asks to slow down')
}

/** The Web API answers 200 with `{ ok: false, error }`. Something that is not its JSON is not Slack. */
function errorIn(body: string, target: Target): string | undefined {
  try {
    const answer: unknown = JSON.parse(body)
    if (typeof answer === 'object' && answer !== null && 'ok' in answer) {
      if (answer.ok === true) return undefined
      return 'error' in answer && typeof answer.error === 'string' ? wordIn(answer.error) : 'unknown_error'
    }
  } catch {
    // Reported below.
  }
  throw notSlack(target, 'no JSON of its own')
}

const WORDLESS = 'without a reason'

/** Slack answers with one word, such as `no_text`. What is longer is somebody else's, and may repeat what was sent. */
function wordIn(body: string): string {
  return /^[a-z_]{1,64}$/.test(body.trim()) ? body.trim() : WORDLESS
}
