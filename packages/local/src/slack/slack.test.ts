import { WebClient } from '@slack/web-api'
import { IncomingWebhook } from '@slack/webhook'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Slack, startSlack } from './index.ts'

let slack: Slack
beforeEach(async () => {
  slack = await startSlack()
})
afterEach(() => slack.close())

const client = (token = 'xoxb-1') =>
  new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  })
const post = (url: string, body: string, type = 'application/json') =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': type } })

test('a webhook posts into the channel that its URL names', async () => {
  const sent = await new IncomingWebhook(slack.webhookUrl('#marketing')).send('Acme came on board')
  expect(sent.text).toBe('ok')
  expect(slack.messages).toMatchObject([
    { channel: '#marketing', text: 'Acme came on board', via: 'webhook' },
  ])
  expect(slack.messagesIn('marketing')).toHaveLength(1)
  expect(slack.messagesIn('#success')).toHaveLength(0)
})

test('the Web API client posts and authenticates', async () => {
  await expect(client().auth.test()).resolves.toMatchObject({ ok: true, user: 'spaceship' })
  const sent = await client().chat.postMessage({
    channel: '#success',
    text: 'hi',
    blocks: [{ type: 'divider' }],
  })
  expect(sent).toMatchObject({ ok: true, channel: expect.stringMatching(/^C/), ts: slack.messages[0]?.ts })
  expect(slack.messages).toMatchObject([
    { channel: '#success', text: 'hi', via: 'api', payload: { blocks: [{ type: 'divider' }] } },
  ])
})

test('each message has its own ts, and the token is kept nowhere', async () => {
  for (const text of ['a', 'b'])
    await post(
      `${slack.apiUrl}chat.postMessage`,
      new URLSearchParams({ channel: 'c', text, token: 'xoxb-secret' }).toString(),
      'application/x-www-form-urlencoded',
    )
  expect(new Set(slack.messages.map(({ ts }) => ts)).size).toBe(2)
  expect(JSON.stringify(slack.messages)).not.toContain('secret')
})

test.each([
  ['no JSON', '{"text"', 400, 'invalid_payload'],
  ['no object', '[]', 400, 'invalid_payload'],
  ['no text', '{}', 400, 'no_text'],
  ['empty text', '{"text":""}', 400, 'no_text'],
  [
    'too many blocks',
    JSON.stringify({ blocks: Array.from({ length: 51 }, () => ({ type: 'divider' })) }),
    400,
    'invalid_blocks',
  ],
])('a webhook refuses %s', async (_, body, status, error) => {
  const answer = await post(slack.webhookUrl('#c'), body)
  expect([answer.status, await answer.text()]).toEqual([status, error])
  expect(slack.messages).toEqual([])
})

test('a webhook takes the payload of a form', async () => {
  await post(
    slack.webhookUrl('#c'),
    new URLSearchParams({ payload: '{"text":"hi"}' }).toString(),
    'application/x-www-form-urlencoded',
  )
  expect(slack.messages).toMatchObject([{ text: 'hi' }])
})

test.each([
  ['no token', {}, '{"channel":"c","text":"t"}', 'not_authed'],
  ['no channel', { authorization: 'Bearer x' }, '{"text":"t"}', 'channel_not_found'],
  ['no text', { authorization: 'Bearer x' }, '{"channel":"c"}', 'no_text'],
  [
    'a text that is too long',
    { authorization: 'Bearer x' },
    JSON.stringify({ channel: 'c', text: 'x'.repeat(40_001) }),
    'msg_too_long',
  ],
  ['no JSON', { authorization: 'Bearer x' }, '{', 'invalid_json'],
  ['no object', { authorization: 'Bearer x' }, '[]', 'json_not_object'],
])('the Web API refuses %s', async (_, headers, body, error) => {
  const answer = await fetch(`${slack.apiUrl}chat.postMessage`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
  await expect(answer.json()).resolves.toEqual({ ok: false, error })
})

test('unknown methods, and channels and tokens that were not configured, are refused', async () => {
  await using strict = await startSlack({ channels: ['#known'], tokens: ['good'] })
  const call = async (method: string, token: string, channel: string) => {
    const answer = await fetch(`${strict.apiUrl}${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel, text: 't' }),
    })
    return answer.json()
  }
  await expect(call('chat.postMessage', 'bad', 'known')).resolves.toEqual({
    ok: false,
    error: 'invalid_auth',
  })
  await expect(call('chat.postMessage', 'good', 'other')).resolves.toEqual({
    ok: false,
    error: 'channel_not_found',
  })
  await expect(call('chat.delete', 'good', 'known')).resolves.toEqual({ ok: false, error: 'unknown_method' })
  await expect(call('chat.postMessage', 'good', 'known')).resolves.toMatchObject({ ok: true })
  await expect(
    post(strict.webhookUrl('#other'), '{"text":"t"}').then((answer) => answer.status),
  ).resolves.toBe(404)
})

test('throttles on demand, with Retry-After, as often as asked', async () => {
  slack.throttle({ times: 2, retryAfterSeconds: 7 })
  const answer = await post(slack.webhookUrl('#c'), '{"text":"t"}')
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7'])
  await expect(client().chat.postMessage({ channel: 'c', text: 't' })).rejects.toMatchObject({
    code: 'slack_webapi_rate_limited_error',
    retryAfter: 7,
  })
  expect(slack.messages).toEqual([])
  await client().chat.postMessage({ channel: 'c', text: 't' })
  expect(slack.messages).toHaveLength(1)
})

test('fails on demand, before or after the message was posted', async () => {
  slack.fail()
  slack.fail({ status: 503, afterPosting: true })
  await expect(post(slack.webhookUrl('#c'), '{"text":"t"}').then((answer) => answer.status)).resolves.toBe(
    500,
  )
  expect(slack.messages).toHaveLength(0)
  await expect(post(slack.webhookUrl('#c'), '{"text":"t"}').then((answer) => answer.status)).resolves.toBe(
    503,
  )
  expect(slack.messages).toHaveLength(1)
})

test('waitFor sees messages of the past and of the future', async () => {
  const future = slack.waitFor(({ text }) => text === 'second')
  await post(slack.webhookUrl('#c'), '{"text":"first"}')
  await expect(slack.waitFor(({ text }) => text === 'first')).resolves.toMatchObject({ text: 'first' })
  await post(slack.webhookUrl('#c'), '{"text":"second"}')
  await expect(future).resolves.toMatchObject({ text: 'second' })
  await expect(slack.waitFor(() => false, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'slack-wait' })
})

test('closing answers delayed requests and ends waiting', async () => {
  const mine = await startSlack()
  const waiting = expect(mine.waitFor(() => false)).rejects.toMatchObject({ code: 'slack-wait' })
  mine.delay(3_600_000)
  const slow = post(mine.webhookUrl('#c'), '{"text":"t"}').catch(() => undefined)
  await mine.close()
  await Promise.all([waiting, slow])
})

test('clear forgets messages and faults', async () => {
  await post(slack.webhookUrl('#c'), '{"text":"t"}')
  slack.fail()
  slack.delay(3_600_000)
  slack.clear()
  expect(slack.messages).toEqual([])
  await expect(post(slack.webhookUrl('#c'), '{"text":"t"}').then((answer) => answer.status)).resolves.toBe(
    200,
  )
})
