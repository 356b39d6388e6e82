import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { memorySlack } from '../testing/index.ts'
import { type Block, createSlack, mrkdwn, type SlackOptions } from './index.ts'

let ship: Spaceship
beforeAll(async () => {
  ship = await launch({ emulators })
})
beforeEach(() => ship.slack.clear())
afterAll(() => ship.close())

const channel = '#sales'
const hostile = '<!channel> & <@U1>'
const escaped = '&lt;!channel&gt; &amp; &lt;@U1&gt;'

/** What arrives of one block. */
async function sent(block: Block, options: SlackOptions = {}): Promise<Record<string, unknown>> {
  ship.slack.clear()
  const slack = createSlack({ token: 'xoxb-1', apiUrl: ship.slack.apiUrl, ...options })
  await slack.post({ channel, text: 'x', blocks: [block] })
  return Object(ship.slack.messages[0]?.payload.blocks)[0]
}

const md = (text: unknown) => ({ type: 'mrkdwn', text })
const plain = (text: string) => ({ type: 'plain_text', text })

/** A block for each place of a text, with that text there. */
const PLACES: Readonly<Record<string, (text: unknown) => Block>> = {
  'a section': (text) => ({ type: 'section', text }),
  'a field': (text) => ({ type: 'section', fields: [text] }),
  'an element of a context': (text) => ({ type: 'context', elements: [text] }),
  'an option of an accessory': (text) => ({
    type: 'section',
    accessory: { type: 'checkboxes', options: [{ value: 'v', text }] },
  }),
  'the description of an option': (text) => ({
    type: 'actions',
    elements: [{ type: 'radio_buttons', options: [{ value: 'v', text: plain('x'), description: text }] }],
  }),
  'an initial option': (text) => ({
    type: 'actions',
    elements: [{ type: 'checkboxes', options: [], initial_options: [{ value: 'v', text }] }],
  }),
  'an option of a group': (text) => ({
    type: 'actions',
    elements: [
      { type: 'static_select', option_groups: [{ label: plain('x'), options: [{ value: 'v', text }] }] },
    ],
  }),
  'a dialog that confirms': (text) => ({
    type: 'section',
    accessory: { type: 'button', text: plain('x'), confirm: { title: plain('x'), text } },
  }),
  'an option of an input': (text) => ({
    type: 'input',
    label: plain('x'),
    element: { type: 'checkboxes', options: [{ value: 'v', text }] },
  }),
  'a card of a carousel': (text) => ({ type: 'carousel', elements: [{ type: 'card', title: text }] }),
  'a block of a container': (text) => ({
    type: 'container',
    child_blocks: [{ type: 'context', elements: [text] }],
  }),
  'a block that Slack makes tomorrow': (text) => ({ type: 'tomorrow', parts: [{ of: { it: text } }] }),
}

for (const [place, block] of Object.entries(PLACES)) {
  test(`${place}: values show as they are, in texts and in markup`, async () => {
    expect(await sent(block(md(hostile)))).toEqual(block(md(escaped)))
    expect(await sent(block(md(mrkdwn`*${hostile}*`)))).toEqual(block(md(`*${escaped}*`)))
    expect(await sent(block(md(hostile)), { format: 'mrkdwn' })).toEqual(block(md(hostile)))
    // Slack reads no markup there.
    expect(await sent(block(plain(hostile)))).toEqual(block(plain(hostile)))
  })
}

test('a block of markdown is escaped as one text, and markup in it is markup', async () => {
  expect(await sent({ type: 'markdown', text: hostile })).toEqual({ type: 'markdown', text: escaped })
  expect(await sent({ type: 'markdown', text: mrkdwn`**${hostile}**` })).toEqual({
    type: 'markdown',
    text: `**${escaped}**`,
  })
})

test('what carries no text arrives as it is', async () => {
  const block = {
    type: 'rich_text',
    block_id: 'a<b',
    elements: [
      {
        type: 'rich_text_section',
        elements: [
          { type: 'text', text: 'a < b', style: { bold: true } },
          { type: 'user', user_id: 'U1' },
          { type: 'date', timestamp: 1, url: 'https://x.example/?a=1&b=2' },
        ],
      },
    ],
  }
  expect(await sent(block)).toEqual(block)
  expect(await sent({ type: 'tomorrow', at: new Date(0), none: null, yes: true })).toEqual({
    type: 'tomorrow',
    at: '1970-01-01T00:00:00.000Z',
    none: null,
    yes: true,
  })
})

/** Each place with how much of a text arrives. */
const CUT: readonly (readonly [number, (text: string) => Block])[] = [
  [150, (text) => ({ type: 'header', text: plain(text) })],
  [3_000, (text) => ({ type: 'section', text: md(text) })],
  [2_000, (text) => ({ type: 'section', fields: [md(text)] })],
  [3_000, (text) => ({ type: 'context', elements: [md(text)] })],
  [12_000, (text) => ({ type: 'markdown', text })],
  [2_000, (text) => ({ type: 'image', image_url: 'https://x.example', alt_text: text })],
  [2_000, (text) => ({ type: 'image', image_url: 'https://x.example', alt_text: 'x', title: plain(text) })],
  [2_000, (text) => ({ type: 'context', elements: [{ type: 'image', image_url: 'u', alt_text: text }] })],
  [2_000, (text) => ({ type: 'input', label: plain(text), element: { type: 'plain_text_input' } })],
  [
    2_000,
    (text) => ({ type: 'input', label: plain('x'), hint: plain(text), element: { type: 'datepicker' } }),
  ],
  [199, (text) => ({ type: 'video', alt_text: 'x', title: plain(text) })],
  [49, (text) => ({ type: 'video', alt_text: 'x', title: plain('x'), author_name: text })],
  [200, (text) => ({ type: 'card', body: md(text) })],
  [75, (text) => ({ type: 'actions', elements: [{ type: 'button', text: plain(text) }] })],
  [75, (text) => ({ type: 'section', accessory: { type: 'workflow_button', text: plain(text) } })],
  [
    75,
    (text) => ({
      type: 'context_actions',
      elements: [{ type: 'feedback_buttons', positive_button: { text: plain(text), value: 'v' } }],
    }),
  ],
  [
    75,
    (text) => ({
      type: 'actions',
      elements: [{ type: 'button', text: plain('x'), accessibility_label: text }],
    }),
  ],
  [
    75,
    (text) => ({
      type: 'actions',
      elements: [{ type: 'overflow', options: [{ value: 'v', text: plain(text) }] }],
    }),
  ],
  [
    75,
    (text) => ({
      type: 'actions',
      elements: [{ type: 'static_select', option_groups: [{ label: plain(text), options: [] }] }],
    }),
  ],
  [150, (text) => ({ type: 'actions', elements: [{ type: 'users_select', placeholder: plain(text) }] })],
  ...(['title', 'text', 'confirm', 'deny'] as const).map(
    (field, n) =>
      [
        [100, 300, 30, 30][n] ?? 0,
        (text: string): Block => ({
          type: 'actions',
          elements: [{ type: 'button', text: plain('x'), confirm: { [field]: plain(text) } }],
        }),
      ] as const,
  ),
]

test.each(CUT.map(([most, block]) => [JSON.stringify(block('…')), most, block] as const))(
  '%s: a text is cut to %i characters, between those that people see',
  async (_, most, block) => {
    const fits = 'x'.repeat(most)
    expect(await sent(block(fits))).toEqual(block(fits))
    expect(await sent(block(`${'x'.repeat(most - 2)}👩‍👩‍👧‍👦y`))).toEqual(block(`${'x'.repeat(most - 2)}…`))
    const over = { channel, text: 'x', blocks: [block(`${fits}x`)] }
    const answer = await fetch(`${ship.slack.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
      body: JSON.stringify(over),
    })
    // The embedded Slack takes no more either.
    expect(await answer.json()).toEqual({ ok: false, error: 'invalid_blocks' })
  },
)

describe('what cannot be cut is refused before it is sent, with where it stands', () => {
  const elements = (...all: object[]): Block[] => [{ type: 'divider' }, { type: 'actions', elements: all }]
  const options = (n: number) => Array.from({ length: n }, () => ({ value: 'v', text: plain('x') }))
  const circle: Record<string, unknown> = { type: 'section' }
  circle.accessory = circle
  const button = { type: 'button', text: plain('x') }
  test.each<[string, Block[]]>([
    ["26 elements in 'blocks[1]'", elements(...Array.from({ length: 26 }, () => button))],
    ["11 options in 'blocks[1].elements[0]'", elements({ type: 'checkboxes', options: options(11) })],
    ["6 options in 'blocks[1].elements[0]'", elements({ type: 'overflow', options: options(6) })],
    ["101 options in 'blocks[1].elements[0]'", elements({ type: 'static_select', options: options(101) })],
    [
      "101 options in 'blocks[1].elements[0].option_groups[0]'",
      elements({ type: 'static_select', option_groups: [{ label: plain('x'), options: options(101) }] }),
    ],
    ["2001 characters in 'blocks[1].elements[0].value'", elements({ ...button, value: 'x'.repeat(2_001) })],
    [
      "256 characters in 'blocks[1].elements[0].action_id'",
      elements({ ...button, action_id: 'x'.repeat(256) }),
    ],
    ["256 characters in 'blocks[0].block_id'", [{ type: 'divider', block_id: 'x'.repeat(256) }]],
    [
      '14000 characters in blocks of markdown',
      Array.from({ length: 2 }, () => ({ type: 'markdown', text: 'x'.repeat(7_000) })),
    ],
    ["a bigint at 'blocks[0].size'", [{ type: 'section', size: 1n }]],
    ['in a circle', [circle as Block]],
  ])('%s', async (what, blocks) => {
    for (const slack of [createSlack({ token: 'xoxb-1', apiUrl: ship.slack.apiUrl }), memorySlack()])
      await expect(slack.post({ channel, text: 'x', blocks })).rejects.toMatchObject({
        code: 'permanent',
        message: expect.stringContaining(what),
      })
    expect(ship.slack.messages).toEqual([])
  })
})
