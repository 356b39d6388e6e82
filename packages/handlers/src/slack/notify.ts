/** Owns what reactors say to Slack: the same for the real one and for the one in tests. */

import { type Handler, handler, type Need, Permanent, skip, type Unavailable } from '@spaceship/core'
import { bare, callable, check, like, required, setUpOf, text } from '@spaceship/core/adapter'
import type { Block } from './blocks.ts'
import type { SlackText } from './text.ts'

export interface SlackMessage {
  /** With its `#`, or a channel id. */
  readonly channel: string
  /** Beside blocks it is what notifications show, so there is always one. */
  readonly text: SlackText
  /** At most 50. */
  readonly blocks?: readonly Block[]
  /** Names a thread: the first message of the key begins it, and the others stand in it. Needs `references`, and a token. */
  readonly thread?: string
}

export interface PostOptions {
  /** Ends the wait for an answer. */
  readonly signal?: AbortSignal
}

/** What became of a message. */
export interface Posted {
  /** Slack's id of the channel, and of the message in it, a text; webhooks tell neither. */
  readonly channel?: string
  readonly ts?: string
  /** Nobody knows whether it was posted, and `onAmbiguous: 'drop'` wants no repeat. */
  readonly ambiguous?: true
}

export interface NotifyOptions<E> {
  /** A text, or a function from the event to it. */
  readonly channel: string | ((event: E) => string)
  /** What the message says; beside blocks what notifications show. */
  readonly text: (event: E) => SlackText
  /** Slack's Block Kit. @default none */
  readonly blocks?: (event: E) => readonly Block[]
  /** Names a thread by the event, for instance by the entity's key. @default none */
  readonly thread?: (event: E) => string
}

export interface UpdateOptions<E> extends Omit<NotifyOptions<E>, 'thread'> {
  /** Names the message: the first event of the key posts it, later ones change it. */
  readonly key: (event: E) => string
}

export interface Slack {
  /**
   * Posts a message.
   *
   * @throws RetryAfter when it is not this message's turn, or Slack says when to come back; Unavailable when Slack is down or refuses the
   *   credentials; Permanent when it refuses the message, or the channel is missing
   */
  post(message: SlackMessage, options?: PostOptions): Promise<Posted>
  /**
   * A handler that posts a message about its event. Slack has no idempotency keys, so the effect is `claim`: a message is
   * repeated only if an attempt ended without Slack's answer.
   *
   * A channel that is missing is a wrong set-up where `channel` is a text: the route waits until it is there. Where a function of the
   * event names it, it is the event's fault.
   *
   * @throws ConfigurationError that lists every problem
   * @example
   * .on('welcome', joined, slack.notify({ channel: '#marketing', text: (e) => `${e.after.name} just came on board` }))
   */
  notify<E>(options: NotifyOptions<E>): Handler<E>
  /**
   * A handler that keeps one message current for each key: it posts the first, and changes it then. A message that somebody has removed is
   * posted again. Needs `references`, and a token.
   *
   * @throws ConfigurationError that lists every problem
   * @example
   * .on('status', saved, slack.update({ channel: '#sales', key: (e) => e.key, text: (e) => `${e.after.name}: ${e.after.plan}` }), { stale: 'skip' })
   */
  update<E>(options: UpdateOptions<E>): Handler<E>
}

/** What Slack must do for {@link Slack}. */
export interface SlackPosts {
  /** What a message to a channel takes. @default nothing that is known */
  readonly needs?: (channel: string | undefined) => Pick<Need, 'endpoints' | 'secrets'>
  readonly post: (message: SlackMessage, options?: PostOptions) => Promise<Posted | undefined>
  /** @param key names the message. @default messages are not kept current */
  readonly update?: (message: SlackMessage, key: string, options?: PostOptions) => Promise<Posted | undefined>
}

export const POST = { posts: required(bare({ post: required(callable), update: callable, needs: callable })) }

const channelShape = required(
  like(
    "a channel's name, or a function from the event to it",
    (channel) => text().fits(channel) || callable.fits(channel),
  ),
)
const MESSAGE = { channel: channelShape, text: required(callable), blocks: callable }

export const NOTIFY = { options: bare({ ...MESSAGE, thread: callable }) }
export const UPDATE = { options: bare({ ...MESSAGE, key: required(callable) }) }

/**
 * A Slack that posts with `post`, and keeps messages current with `update`.
 *
 * @param threads why there are none, if so: what is wrong with the options
 * @throws ConfigurationError if that is no function
 */
export function slackWith(posts: SlackPosts, threads?: string): Slack {
  check('slackWith', POST, { posts })
  const { post, update } = posts
  const lacking = (what: string) => (threads === undefined ? [] : [`${what} needs ${threads}`])

  const postThere: Slack['post'] = async (message, options) => {
    try {
      return (await post(message, options)) ?? {}
    } catch (error) {
      throw isChannelMissing(error) ? new Permanent(error.message, { cause: error }) : error
    }
  }

  function messageOf<E>({ channel, text, blocks, thread }: NotifyOptions<E>, event: E): SlackMessage {
    return {
      channel: typeof channel === 'string' ? channel : channel(event),
      text: text(event),
      ...(blocks !== undefined && { blocks: blocks(event) }),
      ...(thread !== undefined && { thread: thread(event) }),
    }
  }

  const needs = ({ channel }: Pick<NotifyOptions<never>, 'channel'>) => {
    const named = typeof channel === 'string' ? channel : undefined
    const target = named === undefined ? 'slack' : `slack ${named}`
    return [{ verb: 'posts to', target, dependency: 'slack', ...posts.needs?.(named) }]
  }

  return {
    post: postThere,
    notify: (options) => {
      check('slack.notify', NOTIFY, { options }, () =>
        Object(options).thread === undefined ? [] : lacking("'thread'"),
      )
      const send = typeof options.channel === 'string' ? post : postThere
      return handler({ effect: 'claim', needs: needs(options) }, async (event, { signal }) =>
        ended(await send(messageOf(options, event), { signal })),
      )
    },
    update: (options) => {
      check('slack.update', UPDATE, { options }, () => [
        ...lacking('update'),
        ...(update === undefined ? ["'update' is missing: this Slack keeps no message current"] : []),
      ])
      const { key } = options
      return handler({ effect: 'claim', needs: needs(options) }, async (event, { signal }) =>
        ended(await update?.(messageOf(options, event), key(event), { signal })),
      )
    },
  }
}

function ended(posted: Posted | undefined) {
  return posted?.ambiguous ? skip('nobody knows whether Slack has posted it') : undefined
}

/** Where an event names its channel, others go on: it is this message that cannot be posted. */
function isChannelMissing(error: unknown): error is Unavailable {
  return setUpOf(error)?.reason === 'not-found'
}
