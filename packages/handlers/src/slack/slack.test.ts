import { launch, type Spaceship } from '@spaceship/local'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { createSlack, escapeText } from './index.ts'

let ship: Spaceship
beforeAll(async () => {
  ship = await launch({ emulators })
})
beforeEach(() => ship.slack.clear())
afterAll(() => ship.close())

const message = { channel: '#marketing', text: 'Zoë <!channel> & co' }
const api = () => createSlack({ token: 'xoxb-1', apiUrl: ship.slack.apiUrl })
const hook = () => createSlack({ webhooks: { '#marketing': ship.slack.webhookUrl('#marketing') } })

for (const [name, slack] of Object.entries({ 'Web API': api, webhook: hook })) {
  test(`${name}: posts text that shows as it is`, async () => {
    await slack().post(message)
    expect(ship.slack.messages).toMatchObject([{ channel: '#marketing', text: escapeText(message.text) }])
  })

  test(`${name}: 429 says when to come back`, async () => {
    ship.slack.throttle({ times: 1, retryAfterSeconds: 7 })
    await expect(slack().post(message)).rejects.toMatchObject({ code: 'retry-after', delay: 7_000 })
  })

  test(`${name}: a server error is an outage`, async () => {
    ship.slack.fail({ times: 1, status: 503 })
    await expect(slack().post(message)).rejects.toMatchObject({ code: 'unavailable', dependency: 'slack' })
  })

  test(`${name}: an empty text is refused for good, and the error does not quote the message`, async () => {
    const refused = await slack()
      .post({ channel: '#marketing', text: '' })
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'permanent' })
    expect(String(refused)).not.toContain('Zoë')
  })
}

test('property: a long text is cut between characters as people see them, never within an escape', async () => {
  const sent: string[] = []
  const answer = async (_: unknown, init?: RequestInit) => {
    sent.push(JSON.parse(String(init?.body)).text)
    return new Response('ok')
  }
  const slack = createSlack({
    webhooks: { '#a': 'https://hooks.example.test/x' },
    fetch: answer,
    rate: '100000/s',
    burst: 100_000,
  })
  const pieces = ['a', ' ', '<', '&', '>', 'é', 'e\u0301', '😀', '👩‍👩‍👧‍👦', '🇩🇪', '\ud83d', '&amp;', '한']
  const tail = fc.array(fc.constantFrom(...pieces), { minLength: 60, maxLength: 90 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 39_900, max: 40_010 }), tail, async (length, last) => {
      const text = `${'x'.repeat(length)} ${last.join('')}`
      await slack.post({ channel: '#a', text })
      const [cut = ''] = sent.splice(0)
      expect(cut.length).toBeLessThanOrEqual(40_000)
      expect(cut.isWellFormed()).toBe(true)
      const shown = cut
        .replace(/…$/, '')
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&amp;', '&')
      // Whole characters of the text, from its beginning.
      const whole = [...new Intl.Segmenter().segment(text.toWellFormed())].map(({ index }) => index)
      expect(text.toWellFormed().startsWith(shown)).toBe(true)
      expect([...whole, text.length]).toContain(shown.length)
      if (cut.endsWith('…')) expect(cut.length).toBeGreaterThan(39_900)
    }),
  )
})

test('a long text of mrkdwn is not cut within a link', async () => {
  const sent: string[] = []
  const answer = async (_: unknown, init?: RequestInit) => {
    sent.push(JSON.parse(String(init?.body)).text)
    return new Response('ok')
  }
  const slack = createSlack({
    webhooks: { '#a': 'https://hooks.example.test/x' },
    format: 'mrkdwn',
    fetch: answer,
  })
  await slack.post({ channel: '#a', text: `${'x'.repeat(39_990)}<https://example.test|a place> and more` })
  expect(sent).toEqual([`${'x'.repeat(39_990)}…`])
})

test('a channel without a webhook, and a server that is gone', async () => {
  await expect(hook().post({ channel: '#other', text: 'x' })).rejects.toMatchObject({ code: 'permanent' })
  const gone = createSlack({ token: 't', apiUrl: 'http://127.0.0.1:9' })
  await expect(gone.post(message)).rejects.toMatchObject({ code: 'unavailable' })
})

test('a wrong configuration lists every problem', () => {
  expect(() => createSlack({ token: '', webhooks: { '#a': 'nonsense' }, timeout: 'soon' as '1s' })).toThrow(
    /4 problem/,
  )
})

test('what no request can carry is refused as it is configured, and is not shown', () => {
  const refused: readonly (readonly [Parameters<typeof createSlack>[0], RegExp])[] = [
    [{ token: 'xoxb-hush\nx' }, /'token' holds characters that no header takes/],
    [{ token: 'xoxb-hush-ł' }, /'token' holds characters that no header takes/],
    [{ token: 'xoxb hush' }, /'token' holds characters that no header takes/],
    [
      { token: 'x', apiUrl: 'https://zoe:hush@slack.test/api' },
      /'apiUrl' is a text: expected a URL of http or https, without user/,
    ],
    [{ token: 'x', apiUrl: 'ftp://slack.test/hush' }, /'apiUrl' is a text: expected a URL of http or https/],
    [
      { webhooks: { '#a': 'https://:hush@hooks.test/x' } },
      /'webhooks.#a' is a text: expected a URL of http or https, without user/,
    ],
  ]
  for (const [options, message] of refused) {
    expect(() => createSlack(options)).toThrow(message)
    expect(() => createSlack(options)).not.toThrow(/hush|zoe/)
  }
})

test('the line break at the end of a file with a token is no part of the token', async () => {
  const seen: unknown[] = []
  const fetch = async (_: unknown, init?: RequestInit) => {
    seen.push(new Headers(init?.headers).get('authorization'))
    return new Response('{"ok":true}')
  }
  await createSlack({ token: ' xoxb-1\n', fetch }).post(message)
  expect(seen).toEqual(['Bearer xoxb-1'])
})
