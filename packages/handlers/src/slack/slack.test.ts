import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createSlack, escapeText } from './index.ts'

let ship: Spaceship
beforeAll(async () => {
  ship = await launch()
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
