/** Owns what a Slack must do for our handlers, to be run for the adapter and for its double. */

import { expect, test } from 'vitest'
import { escapeText, type Slack, type SlackOptions } from '../src/slack/index.ts'
import type { SentMessage } from '../src/testing/index.ts'

export interface SlackServer {
  readonly slack: Slack
  /** What arrived, oldest first. */
  arrived(): readonly SentMessage[]
}

/** @param start makes a Slack that has nothing yet */
export function slackSuite(start: (options?: Pick<SlackOptions, 'format'>) => SlackServer): void {
  const channel = '#marketing'
  const texts = [
    'trial -> paid <https://x.io|link> & co',
    '<!channel> a client',
    'Zoë 🦆',
    'x'.repeat(41_000),
  ]

  test.each(texts)('a text arrives as it shows: %.30s', async (text) => {
    const { slack, arrived } = start()
    await slack.post({ channel, text })
    const [message] = arrived()
    expect(message?.channel).toBe(channel)
    if (text.length <= 40_000) expect(message?.text).toBe(escapeText(text))
    expect(message?.text.length).toBeLessThanOrEqual(40_000)
  })

  test('mrkdwn leaves links and mentions as they are', async () => {
    const { slack, arrived } = start({ format: 'mrkdwn' })
    await slack.post({ channel, text: '<https://x.io|link> & co' })
    expect(arrived()).toEqual([{ channel, text: '<https://x.io|link> & co' }])
  })

  test('messages arrive in order', async () => {
    const { slack, arrived } = start()
    for (const text of ['a', 'b', 'c']) await slack.post({ channel, text })
    expect(arrived().map(({ text }) => text)).toEqual(['a', 'b', 'c'])
  })

  test.each([
    ['an empty text', { channel, text: '' }],
    ['an empty channel', { channel: '', text: 'x' }],
  ])('%s is refused', async (_, message) => {
    const { slack, arrived } = start()
    await expect(slack.post(message)).rejects.toMatchObject({
      code: expect.stringMatching(/permanent|unavailable/),
    })
    expect(arrived()).toEqual([])
  })

  test('an aborted post throws the reason, and posts nothing', async () => {
    const { slack, arrived } = start()
    const reason = new Error('enough')
    await expect(slack.post({ channel, text: 'x' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
    expect(arrived()).toEqual([])
  })
}
