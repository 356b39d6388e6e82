import { setImmediate as turn } from 'node:timers/promises'
import { IncomingWebhook } from '@slack/webhook'
import type { Context, EventMeta } from '@spaceship/core'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { createSlack, type SlackOptions } from './index.ts'

let ship: Spaceship
beforeAll(async () => {
  ship = await launch({ emulators })
})
beforeEach(() => ship.slack.clear())
afterAll(() => ship.close())

const channel = '#sales'

describe("an IncomingWebhook of Slack's own package", () => {
  const make = (options: SlackOptions = {}) =>
    createSlack({
      webhooks: {
        '#sales': (transport) =>
          new IncomingWebhook(ship.slack.webhookUrl(channel), { ...transport, username: 'ship' }),
      },
      ...options,
    })

  test('posts with its defaults, and Retry-After is honoured', async () => {
    await make().post({ channel, text: 'x', blocks: [{ type: 'divider' }] })
    expect(ship.slack.messages).toMatchObject([
      { text: 'x', payload: { username: 'ship', blocks: [{ type: 'divider' }] } },
    ])
    ship.slack.throttle({ times: 1, retryAfterSeconds: 7 })
    await expect(make().post({ channel, text: 'x' })).rejects.toMatchObject({
      code: 'retry-after',
      delay: 7_000,
    })
    ship.slack.fail({ times: 1, status: 503 })
    await expect(make().post({ channel, text: 'x' })).rejects.toMatchObject({ code: 'unavailable' })
    await expect(make().post({ channel, text: '' })).rejects.toMatchObject({ code: 'permanent' })
    expect(ship.slack.messages.length).toBe(1)
  })

  test('an abort is told with its reason', async () => {
    ship.slack.delay(2_000)
    const stop = new AbortController()
    const posting = make().post({ channel, text: 'x' }, { signal: stop.signal })
    posting.catch(() => {})
    await turn()
    stop.abort(new Error('enough'))
    await expect(posting).rejects.toThrow('enough')
  })

  test.each([
    ['a 5xx', async () => new Response('', { status: 503 })],
    [
      'a connection that breaks',
      async () => {
        throw new TypeError('fetch failed', {
          cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
        })
      },
    ],
  ])('%s is not repeated by the client, whose retries might post it again', async (_, answer) => {
    const asked: unknown[] = []
    const slack = createSlack({
      fetch: async (url) => {
        asked.push(url)
        return answer()
      },
      webhooks: {
        '#sales': (transport) =>
          new IncomingWebhook(ship.slack.webhookUrl(channel), {
            ...transport,
            retryConfig: { retries: 3, minTimeout: 0 },
          }),
      },
    })
    await expect(slack.post({ channel, text: 'x' })).rejects.toMatchObject({ code: 'unavailable' })
    expect(asked).toEqual([ship.slack.webhookUrl(channel)])
  })

  test('one that cannot be made has sent nothing: it is a set-up that somebody mends, whatever becomes of what may be posted', async () => {
    for (const onAmbiguous of ['retry', 'drop', 'dead-letter'] as const) {
      const slack = createSlack({
        onAmbiguous,
        webhooks: {
          '#sales': () => {
            throw new Error('Incoming webhook URL is required')
          },
        },
      })
      const handle = slack.notify({ channel, text: () => 'x' })
      const context = { signal: new AbortController().signal } as Context // the handler reads its signal alone
      await expect(async () => handle({} as EventMeta, context)).rejects.toMatchObject({
        code: 'unavailable',
        setup: { reason: 'denied', advice: expect.stringContaining("'webhooks'") },
      })
    }
  })

  test('one that goes its own way is told how to be made, and is not asked again', async () => {
    const slack = createSlack({
      webhooks: { '#sales': () => new IncomingWebhook(ship.slack.webhookUrl(channel)) },
    })
    await expect(slack.post({ channel, text: 'x' })).rejects.toMatchObject({
      code: 'permanent',
      message: expect.stringContaining('new IncomingWebhook(url, { ...transport })'),
    })
  })
})
