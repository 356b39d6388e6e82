import { inspect } from 'node:util'
import { IncomingWebhook } from '@slack/webhook'
import { type Context, entity, reactor } from '@spaceship/core'
import { memoryReferences, virtualClock } from '@spaceship/core/memory'
import { harness } from '@spaceship/core/testing'
import { launch, type Spaceship } from '@spaceship/local'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { freePort } from '../../../../scripts/free-port.ts'
import { emulators } from '../../../local/test/emulators.ts'
import { memorySlack } from '../testing/index.ts'
import { createSlack, mrkdwn, type Slack, type SlackOptions } from './index.ts'

let ship: Spaceship
beforeAll(async () => {
  ship = await launch({ emulators })
})
beforeEach(() => ship.slack.clear())
afterAll(() => ship.close())

const bot = (options: SlackOptions = {}) =>
  createSlack({ token: 'xoxb-1', apiUrl: ship.slack.apiUrl, ...options })
const channel = '#sales'
const context = { signal: new AbortController().signal } as Context
const hostile = 'Zoë <!channel> & <@U1>'
const escaped = 'Zoë &lt;!channel&gt; &amp; &lt;@U1&gt;'

describe('texts and blocks', () => {
  test('values show as they are, in markup, in blocks and in fields alike', async () => {
    await bot().post({
      channel,
      text: mrkdwn`*${hostile}* <https://x.example|came> on board`,
      blocks: [
        { type: 'section', text: { type: 'mrkdwn', text: hostile } },
        { type: 'section', fields: [{ type: 'mrkdwn', text: mrkdwn`*plan*: ${hostile}` }] },
        {
          type: 'context',
          elements: [
            { type: 'mrkdwn', text: hostile },
            { type: 'image', image_url: 'u' },
          ],
        },
        { type: 'header', text: { type: 'plain_text', text: hostile } },
      ],
    })
    const [message] = ship.slack.messages
    expect(message?.text).toBe(`*${escaped}* <https://x.example|came> on board`)
    expect(message?.payload.blocks).toEqual([
      { type: 'section', text: { type: 'mrkdwn', text: escaped } },
      { type: 'section', fields: [{ type: 'mrkdwn', text: `*plan*: ${escaped}` }] },
      {
        type: 'context',
        elements: [
          { type: 'mrkdwn', text: escaped },
          { type: 'image', image_url: 'u' },
        ],
      },
      // Slack reads no markup there.
      { type: 'header', text: { type: 'plain_text', text: hostile } },
    ])
  })

  test('property: texts in blocks are cut to what Slack takes of them, never within a character or an escape', async () => {
    const slack = bot({ rate: '100000/s', burst: 100_000 })
    const text = fc.array(fc.constantFrom('a'.repeat(49), '&', '<', '👩‍👩‍👧‍👦', 'é', ' '), {
      minLength: 1,
      maxLength: 120,
    })
    await fc.assert(
      fc.asyncProperty(text, async (parts) => {
        ship.slack.clear()
        const long = parts.join('')
        await slack.post({
          channel,
          text: 'x',
          blocks: [
            { type: 'header', text: { type: 'plain_text', text: long } },
            { type: 'section', text: { type: 'mrkdwn', text: long } },
            { type: 'section', fields: [{ type: 'mrkdwn', text: long }] },
          ],
        })
        const blocks = ship.slack.messages[0]?.payload.blocks as {
          text?: { text: string }
          fields?: { text: string }[]
        }[]
        const [header = '', section = '', field = ''] = [
          blocks[0]?.text?.text,
          blocks[1]?.text?.text,
          blocks[2]?.fields?.[0]?.text,
        ]
        expect([header.length <= 150, section.length <= 3_000, field.length <= 2_000]).toEqual([
          true,
          true,
          true,
        ])
        for (const cut of [header, section, field]) expect(cut.isWellFormed()).toBe(true)
        for (const cut of [section, field]) expect(cut.replaceAll(/&(amp|lt|gt);/g, '')).not.toMatch(/[&<>]/)
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    ['51 blocks', Array.from({ length: 51 }, () => ({ type: 'divider' }))],
    [
      '11 fields',
      [{ type: 'section', fields: Array.from({ length: 11 }, () => ({ type: 'mrkdwn', text: 'x' })) }],
    ],
    [
      '11 elements',
      [{ type: 'context', elements: Array.from({ length: 11 }, () => ({ type: 'mrkdwn', text: 'x' })) }],
    ],
    [
      'characters',
      Array.from({ length: 5 }, () => ({
        type: 'section',
        text: { type: 'mrkdwn', text: 'x'.repeat(2_900) },
      })),
    ],
  ])('%s are refused before they are sent', async (what, blocks) => {
    for (const slack of [bot(), memorySlack()])
      await expect(slack.post({ channel, text: 'x', blocks })).rejects.toMatchObject({
        code: 'permanent',
        message: expect.stringContaining(what),
      })
    expect(ship.slack.messages).toEqual([])
  })
})

describe('threads and updates', () => {
  const both: Readonly<
    Record<string, () => { slack: Slack; arrived: () => readonly { text: string; thread: unknown }[] }>
  > = {
    'on the embedded spaceship': () => ({
      slack: bot({ references: memoryReferences() }),
      arrived: () => ship.slack.messages.map(({ text, payload }) => ({ text, thread: payload.thread_ts })),
    }),
    'in memory': () => {
      const slack = memorySlack()
      return { slack, arrived: () => slack.sent.map(({ text, thread_ts: thread }) => ({ text, thread })) }
    },
  }
  for (const [where, make] of Object.entries(both)) {
    test(`${where}: the first message of a key begins a thread, and the others stand in it`, async () => {
      const { slack, arrived } = make()
      const roots = [
        await slack.post({ channel, text: 'a1', thread: 'a' }),
        await slack.post({ channel, text: 'b1', thread: 'b' }),
      ]
      await slack.post({ channel, text: 'a2', thread: 'a' })
      await slack.post({ channel, text: 'b2', thread: 'b' })
      await slack.post({ channel, text: 'a3', thread: 'a' })
      const [a, b] = roots.map(({ ts }) => ts)
      expect(typeof a).toBe('string')
      expect(arrived()).toEqual([
        { text: 'a1', thread: undefined },
        { text: 'b1', thread: undefined },
        { text: 'a2', thread: a },
        { text: 'b2', thread: b },
        { text: 'a3', thread: a },
      ])
    })

    test(`${where}: one message is kept current for each key`, async () => {
      const { slack, arrived } = make()
      const status = slack.update({
        channel,
        key: (e: { key: string; plan: string }) => e.key,
        text: (e) => `${e.key}: ${e.plan}`,
      })
      for (const [key, plan] of [
        ['acme', 'trial'],
        ['kite', 'trial'],
        ['acme', 'paid'],
      ] as const)
        await status({ key, plan }, context)
      expect(arrived().map(({ text }) => text)).toEqual(['acme: paid', 'kite: trial'])
    })
  }

  test('a root that somebody has removed: the reply becomes the new root, and is posted once', async () => {
    const slack = bot({ references: memoryReferences() })
    await slack.post({ channel, text: 'root', thread: 'a' })
    const [root] = ship.slack.messages
    if (root !== undefined) ship.slack.remove(root)
    await slack.post({ channel, text: 'second', thread: 'a' })
    await slack.post({ channel, text: 'third', thread: 'a' })
    const [second, third] = ship.slack.messages
    expect([second?.text, second?.payload.thread_ts, third?.text, third?.payload.thread_ts]).toEqual([
      'second',
      undefined,
      'third',
      second?.ts,
    ])
    expect(ship.slack.messages.length).toBe(2)
  })

  test('a message that was kept current and is gone is posted again; references that are out cost no second post', async () => {
    const references = memoryReferences()
    const slack = bot({
      references: {
        ...references,
        set: async (...asked) => references.set(...asked).then(() => Promise.reject(new Error('out'))),
      },
    })
    const status = slack.update({ channel, key: () => 'k', text: (n: number) => `n ${n}` })
    await status(1, context)
    const [first] = ship.slack.messages
    if (first !== undefined) ship.slack.remove(first)
    await status(2, context)
    await status(3, context)
    expect(ship.slack.messages.map(({ text }) => text)).toEqual(['n 3'])
  })

  test('a thread without what it needs is refused as the reactor is made', () => {
    const hook = createSlack({
      webhooks: { '#sales': ship.slack.webhookUrl(channel) },
      references: memoryReferences(),
    })
    for (const slack of [hook, bot()]) {
      expect(() => slack.notify({ channel, text: () => 'x', thread: () => 'k' })).toThrow(
        /'thread' needs 'token' and 'references'/,
      )
      expect(() => slack.update({ channel, text: () => 'x', key: () => 'k' })).toThrow(
        /update needs 'token' and 'references'/,
      )
    }
  })
})

test('200 messages, three of which Slack asks to wait with: each arrives once, the other channel is not slowed, and no attempt is counted', async () => {
  const Client = entity('client', {
    table: 'clients',
    key: 'id',
    schema: z.object({ id: z.string(), to: z.string() }),
  })
  const sent: string[] = []
  let calls = 0
  let ahead = 0
  const clock = { ...virtualClock(0), monotonic: () => ahead }
  const slack = createSlack({
    webhooks: { '#busy': 'https://hooks.example.test/busy', '#calm': 'https://hooks.example.test/calm' },
    rate: '1/s',
    burst: 5,
    clock,
    fetch: async (url, init) => {
      calls += 1
      const { text } = JSON.parse(String(init?.body))
      if ([3, 40, 41].includes(calls))
        return new Response('', { status: 429, headers: { 'retry-after': '30' } })
      sent.push(`${String(url).split('/').at(-1)} ${text}`)
      return new Response('ok')
    },
  })
  const ship = harness(() =>
    reactor('r').on(
      'tell',
      Client.created('joined'),
      slack.notify({ channel: (e) => e.after.to, text: (e) => e.after.id }),
    ),
  )
  for (let n = 0; n < 200; n += 1) await ship.put(Client, { id: `b${n}`, to: '#busy' })
  await ship.put(Client, { id: 'c', to: '#calm' })
  expect(sent.at(-1)).toBe('calm c')
  for (let seconds = 0; seconds < 600 && sent.length < 201; seconds += 1) {
    ahead += 1_000
    await ship.advance('1s')
  }
  expect(sent.length).toBe(201)
  expect(new Set(sent).size).toBe(201)
  expect(ship.deadLetters).toEqual([])
  // What is not its turn asks nobody.
  expect(calls).toBe(204)
}, 60_000)

describe('a message of which nobody knows whether it was posted', () => {
  const cases = [
    ['a 5xx after it was posted', () => ship.slack.fail({ times: 1, status: 503, afterPosting: true }), bot],
    [
      'an answer that comes too late',
      () => ship.slack.delay(500),
      (o: SlackOptions) => bot({ ...o, timeout: '50ms' }),
    ],
  ] as const
  for (const [what, prepare, make] of cases) {
    test(`${what}: 'retry' is an outage, 'drop' is done, 'dead-letter' gives it up`, async () => {
      prepare()
      await expect(make({}).post({ channel, text: 'x' })).rejects.toMatchObject({ code: 'unavailable' })
      ship.slack.clear()
      prepare()
      expect(await make({ onAmbiguous: 'drop' }).post({ channel, text: 'x' })).toEqual({ ambiguous: true })
      ship.slack.clear()
      prepare()
      const handle = make({ onAmbiguous: 'dead-letter' }).notify({ channel, text: () => 'x' })
      await expect((async () => handle({}, context))()).rejects.toMatchObject({ code: 'permanent' })
    })
  }

  test('one that was never sent is an outage, whatever is wanted of the ambiguous', async () => {
    for (const onAmbiguous of ['drop', 'dead-letter'] as const) {
      const port = await freePort()
      const slack = createSlack({ token: 'xoxb-1', apiUrl: `http://127.0.0.1:${port}`, onAmbiguous })
      await expect(slack.post({ channel, text: 'x' })).rejects.toMatchObject({ code: 'unavailable' })
    }
  })

  const failing = (code: string) => async () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) })
  }

  test.each([
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'HOSTNAME_MISMATCH',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'EPROTO',
  ])('%s: nothing was sent, so the route waits until somebody mends it', async (code) => {
    for (const onAmbiguous of ['retry', 'drop', 'dead-letter'] as const) {
      const slack = createSlack({ token: 'xoxb-1', fetch: failing(code), onAmbiguous })
      await expect(slack.post({ channel, text: 'x' })).rejects.toMatchObject({
        code: 'unavailable',
        setup: { reason: 'unknown-operation', advice: expect.stringContaining('certificate') },
        message: expect.stringContaining(code),
      })
    }
  })

  test('a server that speaks no TLS was sent nothing', async () => {
    const apiUrl = ship.slack.apiUrl.replace('http:', 'https:')
    const posting = bot({ apiUrl, onAmbiguous: 'drop' }).post({ channel, text: 'x' })
    await expect(posting).rejects.toMatchObject({ setup: { reason: 'unknown-operation' } })
  })

  test('a connection that breaks later may have brought it', async () => {
    const broken = failing('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC')
    const slack = createSlack({ token: 'xoxb-1', fetch: broken, onAmbiguous: 'drop' })
    expect(await slack.post({ channel, text: 'x' })).toEqual({ ambiguous: true })
  })

  test('an update may be asked for twice, and is, whatever is wanted of the ambiguous', async () => {
    for (const onAmbiguous of ['retry', 'drop', 'dead-letter'] as const) {
      ship.slack.clear()
      const slack = bot({ onAmbiguous, references: memoryReferences() })
      const status = slack.update({ channel, key: () => 'k', text: (n: number) => `n ${n}` })
      await status(1, context)
      ship.slack.fail({ times: 1, status: 503 })
      await expect((async () => status(2, context))()).rejects.toMatchObject({ code: 'unavailable' })
      await status(2, context)
      expect(ship.slack.messages.map(({ text }) => text)).toEqual(['n 2'])
    }
  })

  test('the first post of a message that is kept current is none: it is treated as wanted', async () => {
    const slack = bot({ onAmbiguous: 'drop', references: memoryReferences() })
    const status = slack.update({ channel, key: () => 'k', text: () => 'x' })
    ship.slack.fail({ times: 1, status: 503, afterPosting: true })
    expect(await status({}, context)).toMatchObject({ reason: 'nobody knows whether Slack has posted it' })
  })
})

test('no secret stands in an error, in what it holds, or in what is printed of it', async () => {
  const secret = 'T000/B000/hushhush'
  const failing = [
    createSlack({ webhooks: { '#sales': `http://127.0.0.1:1/services/${secret}` } }),
    createSlack({ webhooks: { '#sales': `http://nobody.invalid/services/${secret}` } }),
    createSlack({
      webhooks: { '#sales': `${ship.slack.webhookUrl('x').replace('/services/', `/nowhere/${secret}/`)}` },
    }),
    createSlack({
      webhooks: {
        '#sales': (transport) => new IncomingWebhook(`http://127.0.0.1:1/${secret}`, { ...transport }),
      },
    }),
    createSlack({ token: `xoxb-${secret}\n`, apiUrl: 'http://127.0.0.1:1' }),
    createSlack({ token: `xoxb-${secret}`, apiUrl: `${ship.slack.apiUrl}nowhere` }),
    createSlack({
      webhooks: { '#sales': `https://hooks.slack.com/services/${secret}` },
      fetch: async (url) => {
        throw new TypeError(`Failed to fetch ${url}`, { cause: new Error(`${url} is gone`) })
      },
    }),
    createSlack({
      token: `xoxb-${secret}`,
      fetch: async (_, init) => {
        throw new TypeError(`bad header ${new Headers(init?.headers).get('authorization')}`)
      },
    }),
    createSlack({
      token: `xoxb-${secret}`,
      fetch: async () => Response.json({ ok: false, error: `bad token xoxb-${secret}` }),
    }),
    createSlack({
      token: `xoxb-${secret}\n`,
      fetch: async () => Response.json({ ok: false, error: 'channel_not_found' }),
    }),
    createSlack({
      webhooks: { '#sales': `https://hooks.slack.com/services/${secret}\n` },
      fetch: async () => new Response('channel_not_found', { status: 404 }),
    }),
    createSlack({ webhooks: { '#sales': `http://127.0.0.1:1/services/${secret}\n` } }),
    createSlack({ webhooks: { '#other': `http://127.0.0.1:1/services/${secret}` } }),
  ]
  const made = (() => {
    try {
      return createSlack({ token: `xoxb-${secret}\nx` })
    } catch (error) {
      return error
    }
  })()
  const errors = [
    made,
    ...(await Promise.all(
      failing.map((slack) => slack.post({ channel, text: 'x' }).catch((error: unknown) => error)),
    )),
  ]
  expect(errors.length).toBe(failing.length + 1)
  for (const error of errors) {
    expect(error).toBeInstanceOf(Error)
    const all = [inspect(error, { depth: 12, showHidden: true }), JSON.stringify(error), String(error)]
    expect(all.join('\n')).not.toContain('hushhush')
  }
})

test.each(['constructor', 'toString', '__proto__'])(
  'no webhook is found under a name that each object has: %s',
  async (named) => {
    const asked: unknown[] = []
    const slack = createSlack({
      webhooks: { '#sales': 'https://hooks.slack.com/services/T0/B0/x' },
      fetch: async (url) => {
        asked.push(url)
        return new Response('ok')
      },
    })
    await expect(slack.post({ channel: named, text: 'x' })).rejects.toThrow(
      `no webhook is configured for the channel '${named}'`,
    )
    expect(asked).toEqual([])
  },
)
