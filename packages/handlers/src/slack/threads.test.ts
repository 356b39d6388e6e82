import type { Context } from '@spaceship/core'
import { memoryReferences, virtualClock } from '@spaceship/core/memory'
import type { ReferenceStore } from '@spaceship/core/ports'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { createSlack, type SlackOptions } from './index.ts'

let ship: Spaceship
beforeAll(async () => {
  ship = await launch({ emulators })
})
beforeEach(() => ship.slack.clear())
afterAll(() => ship.close())

const bot = (options: SlackOptions) => createSlack({ token: 'xoxb-1', apiUrl: ship.slack.apiUrl, ...options })
const channel = '#sales'
const context = { signal: new AbortController().signal } as Context
const arrived = () => ship.slack.messages.map(({ text, payload }) => [text, payload.thread_ts])

/** Handles a number under one key. */
const statusOf = (options: SlackOptions) => {
  const handle = bot(options).update({ channel, key: () => 'k', text: (n: number) => `n ${n}` })
  return async (n: number) => handle(n, context)
}

test.each(['no JSON', '', 'null', '7', '{}', '{"channel":"C1"}', '{"ts":1,"channel":"C1"}'])(
  'a kept reference that is not ours counts as forgotten, and is written anew: %s',
  async (odd) => {
    const references = memoryReferences()
    for (const name of [`slack/thread/${channel}/a`, `slack/message/${channel}/k`])
      await references.set(name, odd, 1_000)
    const slack = bot({ references })
    const root = await slack.post({ channel, text: 'first', thread: 'a' })
    await slack.post({ channel, text: 'second', thread: 'a' })
    expect(arrived()).toEqual([
      ['first', undefined],
      ['second', root.ts],
    ])
    ship.slack.clear()
    const status = statusOf({ references })
    await status(1)
    await status(2)
    expect(arrived()).toEqual([['n 2', undefined]])
  },
)

test("the 'ts' of a root stays a text with all its digits, as a reply and an update name it", async () => {
  const ts = '1602251441.001700'
  const sent: string[] = []
  const slack = createSlack({
    token: 'xoxb-1',
    references: memoryReferences(),
    fetch: async (_, init) => {
      const body = String(init?.body)
      sent.push(body)
      const { thread_ts } = JSON.parse(body)
      return Response.json({ ok: true, channel: 'C1', ts, message: { thread_ts } })
    },
  })
  for (const text of ['root', 'reply']) await slack.post({ channel, text, thread: 'a' })
  const status = slack.update({ channel, key: () => 'k', text: (n: number) => `n ${n}` })
  for (const n of [1, 2]) await status(n, context)
  expect(sent.map((body) => /"(?:thread_)?ts":[^,}]*/.exec(body)?.[0])).toEqual([
    undefined,
    `"thread_ts":"${ts}"`,
    undefined,
    `"ts":"${ts}"`,
  ])
})

/** Takes keys as the port promises them, and no longer ones. */
function strict(): ReferenceStore & { readonly names: Set<string> } {
  const store = memoryReferences()
  const names = new Set<string>()
  const named = (name: string) => {
    if (Buffer.byteLength(name) > 1_024) throw new Error('the key is longer than 1,024 bytes')
    names.add(name)
    return name
  }
  return {
    ...store,
    names,
    get: async (name) => store.get(named(name)),
    set: async (name, ...more) => store.set(named(name), ...more),
  }
}

test('long names of threads are kept apart, and are the same each time', async () => {
  const references = strict()
  const long = 'ä'.repeat(2_000)
  const ofA = await bot({ references }).post({ channel, text: 'a1', thread: `${long}a` })
  const ofB = await bot({ references }).post({ channel, text: 'b1', thread: `${long}b` })
  await bot({ references }).post({ channel, text: 'a2', thread: `${long}a` })
  await bot({ references }).post({ channel, text: 'b2', thread: `${long}b` })
  expect(arrived()).toEqual([
    ['a1', undefined],
    ['b1', undefined],
    ['a2', ofA.ts],
    ['b2', ofB.ts],
  ])
  expect(references.names.size).toBe(2)
})

test('names of threads that differ in half of a surrogate pair are two threads', async () => {
  const references = memoryReferences()
  const [a, b] = [
    await bot({ references }).post({ channel, text: 'a1', thread: '\ud800' }),
    await bot({ references }).post({ channel, text: 'b1', thread: '\ud801' }),
  ]
  await bot({ references }).post({ channel, text: 'a2', thread: '\ud800' })
  await bot({ references }).post({ channel, text: 'b2', thread: '\ud801' })
  expect(arrived().slice(2)).toEqual([
    ['a2', a.ts],
    ['b2', b.ts],
  ])
})

test('a name that a store takes is kept as it is, up to its last byte', async () => {
  const references = strict()
  const prefix = `slack/thread/${channel}/`
  const fits = 'x'.repeat(1_024 - prefix.length)
  await bot({ references }).post({ channel, text: 'x', thread: fits })
  expect([...references.names]).toEqual([prefix + fits])
})

const out: Readonly<Record<string, ReferenceStore['set']>> = {
  'that rejects': async () => Promise.reject(new Error('out')),
  'that throws': () => {
    throw new Error('out')
  },
}
for (const [what, set] of Object.entries(out))
  test(`a store ${what} after the post costs no second post`, async () => {
    const references = { ...memoryReferences(), set }
    const root = await bot({ references }).post({ channel, text: 'x', thread: 'a' })
    expect(root.ts).toBeTypeOf('string')
    await statusOf({ references })(1)
    expect(arrived()).toEqual([
      ['x', undefined],
      ['n 1', undefined],
    ])
  })

test('a store that does not answer after the post is waited for as long as Slack, or until the signal says enough', async () => {
  const clock = virtualClock()
  const asked: (() => void)[] = []
  const silent = () => {
    const reached = new Promise<void>((resolve) => asked.push(resolve))
    const set = () => {
      asked.pop()?.()
      return new Promise<void>(() => {})
    }
    return { reached, references: { ...memoryReferences(), set } }
  }
  const first = silent()
  const posting = bot({ references: first.references, clock, timeout: '3s' }).post({
    channel,
    text: 'a',
    thread: 'a',
  })
  await first.reached
  expect(clock.next).toBe(clock.now() + 3_000)
  await clock.moveTo(clock.now() + 3_000)
  expect((await posting).ts).toBeTypeOf('string')

  const second = silent()
  const stop = new AbortController()
  const stopped = bot({ references: second.references, clock }).post(
    { channel, text: 'b', thread: 'b' },
    { signal: stop.signal },
  )
  await second.reached
  stop.abort(new Error('enough'))
  expect((await stopped).ts).toBeTypeOf('string')
  expect(clock.next).toBe(undefined)
  expect(arrived().length).toBe(2)
})
