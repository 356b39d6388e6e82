/** Owns the handlers: the same for the real Slack and for the one in tests. */

import { type Handler, handler, Permanent, type Unavailable } from '@spaceship/core'
import { bare, callable, check, like, required, setUpOf, text } from '@spaceship/core/adapter'

export interface SlackMessage {
  /** With its `#`, or a channel id. */
  readonly channel: string
  readonly text: string
}

export interface PostOptions {
  readonly signal?: AbortSignal
}

export interface Slack {
  /**
   * Posts a message.
   *
   * @throws RetryAfter when Slack says when to come back, Unavailable when it is down or refuses the credentials,
   *   Permanent when it refuses the message, or the channel is missing
   */
  post(message: SlackMessage, options?: PostOptions): Promise<void>
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
  notify<E>(options: {
    readonly channel: string | ((event: E) => string)
    readonly text: (event: E) => string
  }): Handler<E>
}

export const POST = { post: required(callable) }

export const NOTIFY = {
  options: bare({
    channel: required(
      like(
        "a channel's name, or a function from the event to it",
        (channel) => text().fits(channel) || callable.fits(channel),
      ),
    ),
    text: required(callable),
  }),
}

/** A Slack that posts with `post`. @throws ConfigurationError if that is no function */
export function slackWith(post: Slack['post']): Slack {
  check('slackWith', POST, { post })
  const postThere: Slack['post'] = async (message, options) => {
    try {
      await post(message, options)
    } catch (error) {
      throw isChannelMissing(error) ? new Permanent(error.message, { cause: error }) : error
    }
  }
  return {
    post: postThere,
    notify: (options) => {
      check('slack.notify', NOTIFY, { options })
      const { channel, text } = options
      const target = typeof channel === 'string' ? `slack ${channel}` : 'slack'
      const needs = [{ verb: 'posts to', target, dependency: 'slack' }]
      return handler({ effect: 'claim', needs }, (event, { signal }) => {
        if (typeof channel === 'string') return post({ channel, text: text(event) }, { signal })
        return postThere({ channel: channel(event), text: text(event) }, { signal })
      })
    },
  }
}

/** Where an event names its channel, others go on: it is this message that cannot be posted. */
function isChannelMissing(error: unknown): error is Unavailable {
  return setUpOf(error)?.reason === 'not-found'
}
