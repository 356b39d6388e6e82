/** Owns the handlers: the same for the real Slack and for the one in tests. */

import { type Handler, handler } from '@spaceship/core'
import { bare, callable, check, like, required, text } from '@spaceship/core/adapter'

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
   *   Permanent when it refuses the message
   */
  post(message: SlackMessage, options?: PostOptions): Promise<void>
  /**
   * A handler that posts a message about its event. Slack has no idempotency keys, so the effect is `claim`: a message is
   * repeated only if an attempt ended without Slack's answer.
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
  return {
    post,
    notify: (options) => {
      check('slack.notify', NOTIFY, { options })
      const { channel, text } = options
      const target = typeof channel === 'string' ? `slack ${channel}` : 'slack'
      const needs = [{ verb: 'posts to', target, dependency: 'slack' }]
      return handler({ effect: 'claim', needs }, (event, { signal }) => {
        const to = typeof channel === 'string' ? channel : channel(event)
        return post({ channel: to, text: text(event) }, { signal })
      })
    },
  }
}
