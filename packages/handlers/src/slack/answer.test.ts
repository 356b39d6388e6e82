import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { IncomingWebhook } from '@slack/webhook'
import { expect, test } from 'vitest'
import { createSlack, type SlackOptions } from './index.ts'

const message = { channel: '#sales', text: 'hush' }
const ways: Readonly<Record<string, SlackOptions>> = {
  'a webhook': { webhooks: { '#sales': 'https://hooks.example.test/hush' } },
  'a client of a webhook': {
    webhooks: {
      '#sales': (transport) => new IncomingWebhook('https://hooks.example.test/hush', { ...transport }),
    },
  },
  'the Web API': { token: 'xoxb-hush' },
}
const hooks = Object.entries(ways).filter(([, { webhooks }]) => webhooks !== undefined)

const posted = async (options: SlackOptions, status: number, body: string, headers = {}) =>
  createSlack({ ...options, fetch: async () => new Response(body, { status, headers }) })
    .post(message)
    .catch((error: unknown) => error)

for (const [way, options] of hooks) {
  test.each(['ok', 'ok\n'])(`${way}: a message is posted when Slack says so: %j`, async (body) => {
    expect(await posted(options, 200, body)).toEqual({})
  })

  test.each([
    [200, 'no_text', { code: 'permanent', message: 'Slack refused the message: 200 no_text' }],
    [200, 'invalid_blocks', { code: 'permanent' }],
    [200, 'channel_is_archived', { code: 'permanent', cause: { setup: { reason: 'not-found' } } }],
    [200, 'invalid_token', { code: 'unavailable', setup: { reason: 'denied' } }],
    [200, 'accesslimited', { code: 'unavailable', setup: { reason: 'denied' } }],
    [200, 'external_channel_migrating', { code: 'unavailable', setup: undefined }],
    [200, 'rollup_error', { code: 'unavailable', setup: undefined }],
    [400, 'a_word_of_tomorrow', { code: 'permanent' }],
  ])(`${way}: a refusal of Slack is one, whatever its status: %s %s`, async (status, body, told) => {
    expect(await posted(options, status, body)).toMatchObject(told)
  })
}

for (const [way, options] of Object.entries(ways)) {
  test.each([
    [200, '<html>Sign in to the proxy</html>'],
    [200, ''],
    [200, 'welcome'],
    [200, 'OK, signed in'],
    [204, ''],
    [302, 'ok'],
    [400, '<html>Bad request</html>'],
    [404, '<html>Not found</html>'],
    [407, ''],
  ])(
    `${way}: what is not from Slack is a set-up, and its page is not quoted: %s %j`,
    async (status, body) => {
      const text = status === 204 ? null : body
      const error = await createSlack({ ...options, fetch: async () => new Response(text, { status }) })
        .post(message)
        .catch((refused: unknown) => refused)
      expect(error).toMatchObject({
        code: 'unavailable',
        setup: { reason: 'unknown-operation', resource: "channel '#sales'" },
      })
      expect(String(error)).not.toMatch(/hush|html|signed/i)
    },
  )

  test.each([
    [undefined, 30_000],
    ['', 30_000],
    ['  ', 30_000],
    ['-1', 30_000],
    ['1e9', 30_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 30_000],
    ['7', 7_000],
    ['2.5', 2_500],
    ['3600', 3_600_000],
    ['1000000000', 3_600_000],
    ['9'.repeat(400), 3_600_000],
  ])(`${way}: Retry-After is a number of seconds, an hour at most: %j`, async (said, delay) => {
    const headers: Record<string, string> = said === undefined ? {} : { 'retry-after': said }
    expect(await posted(options, 429, 'rate_limited', headers)).toMatchObject({ code: 'retry-after', delay })
  })
}

test('a message goes nowhere else than to Slack, though something on the way sends it to a page that says ok', async () => {
  const asked: unknown[] = []
  await using server = createServer((request, response) => {
    asked.push(request.url)
    if (request.url === '/login') response.end('ok')
    else response.writeHead(request.url === '/found' ? 302 : 308, { location: '/login' }).end()
  }).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  // A server that listens on a port has an address of this type.
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const path of ['/found', '/moved'])
    await expect(createSlack({ webhooks: { '#sales': base + path } }).post(message)).rejects.toMatchObject({
      code: 'unavailable',
      setup: { reason: 'unknown-operation' },
    })
  await expect(createSlack({ token: 'xoxb-1', apiUrl: base }).post(message)).rejects.toMatchObject({
    setup: { reason: 'unknown-operation' },
  })
  expect(asked).toEqual(['/found', '/moved', '/chat.postMessage'])
})
