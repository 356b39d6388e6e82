import { WebClient } from '@slack/web-api'
import { IncomingWebhook } from '@slack/webhook'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Slack, startSlack } from './index.ts'

let slack: Slack
let client: WebClient
beforeEach(async () => {
  slack = await startSlack()
  client = new WebClient('xoxb-1', { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } })
})
afterEach(() => slack.close())

const say = (text: string, more: object = {}) =>
  client.chat.postMessage({ channel: '#marketing', text, ...more })
const textsOf = (answer: { messages?: { text?: string }[] }) => answer.messages?.map(({ text }) => text)

test('what was posted into a channel is read again, the newest first, by the name or the id of the channel', async () => {
  await say('one', { blocks: [{ type: 'divider' }] })
  await client.chat.postMessage({ channel: '#other', text: 'elsewhere' })
  await new IncomingWebhook(slack.webhookUrl('#marketing')).send('two')
  const { channel = '' } = await say('three')
  for (const name of ['#marketing', 'marketing', channel])
    expect(textsOf(await client.conversations.history({ channel: name }))).toEqual(['three', 'two', 'one'])
  const answer = await client.conversations.history({ channel })
  expect(answer).toMatchObject({ ok: true, has_more: false, pin_count: 0 })
  expect(answer.messages).toMatchObject([
    { type: 'message', bot_id: 'B00000000', ts: slack.messages[3]?.ts },
    { type: 'message', subtype: 'bot_message' },
    { type: 'message', blocks: [{ type: 'divider' }] },
  ])
})

test('page by page, as the official client does it', async () => {
  for (const text of ['1', '2', '3', '4', '5']) await say(text)
  const pages: unknown[] = []
  for await (const page of client.paginate('conversations.history', { channel: '#marketing', limit: 2 }))
    pages.push(textsOf(page as { messages?: { text?: string }[] }))
  expect(pages).toEqual([['5', '4'], ['3', '2'], ['1']])
})

test('between two times, with or without their ends', async () => {
  for (const text of ['1', '2', '3', '4']) await say(text)
  const [first = '', , third = '', fourth = ''] = slack.messages.map(({ ts }) => ts)
  const between = (inclusive: boolean) =>
    client.conversations.history({ channel: '#marketing', oldest: first, latest: third, inclusive })
  expect(textsOf(await between(false))).toEqual(['2'])
  expect(textsOf(await between(true))).toEqual(['3', '2', '1'])
  expect(
    textsOf(await client.conversations.history({ channel: '#marketing', latest: fourth, limit: 1 })),
  ).toEqual(['3'])
})

test('replies stand in their thread, metadata is shown on demand', async () => {
  const { ts } = await say('question', { metadata: { event_type: 'asked', event_payload: { a: 1 } } })
  await say('answer', { thread_ts: ts })
  await say('answer to all', { thread_ts: ts, reply_broadcast: true })
  const shown = await client.conversations.history({ channel: '#marketing' })
  expect(textsOf(shown)).toEqual(['answer to all', 'question'])
  expect(shown.messages?.[1]).not.toHaveProperty('metadata')
  const whole = await client.conversations.history({ channel: '#marketing', include_all_metadata: true })
  expect(whole.messages?.[1]).toHaveProperty('metadata.event_type', 'asked')
})

test('curl may ask with a query', async () => {
  await say('hi')
  const answer = await fetch(`${slack.apiUrl}conversations.history?channel=%23marketing&limit=1`, {
    headers: { authorization: 'Bearer xoxb-1' },
  })
  expect(await answer.json()).toMatchObject({ ok: true, messages: [{ text: 'hi' }] })
})

test.each([
  ['channel=', 'channel_not_found'],
  ['channel=nowhere', 'channel_not_found'],
  ['channel=known&limit=0', 'invalid_limit'],
  ['channel=known&limit=1000', 'invalid_limit'],
  ['channel=known&oldest=yesterday', 'invalid_ts_oldest'],
  ['channel=known&latest=-1', 'invalid_ts_latest'],
  ['channel=known&cursor=x', 'invalid_cursor'],
])('%s is refused: %s', async (query, error) => {
  await using strict = await startSlack({ channels: ['known'] })
  const ask = (headers: Record<string, string>) =>
    fetch(`${strict.apiUrl}conversations.history?${query}`, { headers }).then((answer) => answer.json())
  expect(await ask({ authorization: 'Bearer x' })).toEqual({ ok: false, error })
  expect(await ask({})).toEqual({ ok: false, error: 'not_authed' })
})
