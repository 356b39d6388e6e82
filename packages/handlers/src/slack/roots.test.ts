import type { Context } from '@spaceship/core'
import { memoryReferences, virtualClock } from '@spaceship/core/memory'
import { expect, test } from 'vitest'
import { createSlack, type SlackOptions } from './index.ts'

const channel = '#sales'
const context = { signal: new AbortController().signal } as Context

/** A Slack whose first post ends when the test says so; it says what it was asked. */
function heldSlack(end: (answer: () => Response) => Response = (answer) => answer()) {
  const asked: string[] = []
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const answer = async (url: unknown, init?: RequestInit) => {
    const { text, thread_ts, ts: changed } = JSON.parse(String(init?.body))
    asked.push(`${String(url).split('.').at(-1)} ${text} ${thread_ts ?? changed ?? 'root'}`)
    const ts = changed ?? `100.${asked.length}`
    const taken = () => Response.json({ ok: true, channel: 'C1', ts, message: { thread_ts } })
    if (asked.length > 1) return taken()
    reach()
    await released
    return end(taken)
  }
  // Only what the adapter calls.
  return { asked, reached, release, fetch: answer as typeof fetch }
}

const made = (options: SlackOptions) => createSlack({ token: 'xoxb-1', rate: '1000/s', ...options })
const updates = (options: SlackOptions) => {
  const handle = made(options).update({ channel, key: () => 'k', text: (text: string) => text })
  return async (text: string) => handle(text, context)
}

test('messages of one thread at the same time: one begins it, the others stand in it', async () => {
  const { asked, reached, release, fetch } = heldSlack()
  const slack = made({ references: memoryReferences(), fetch })
  const posting = ['a', 'b', 'c'].map(async (text) => slack.post({ channel, text, thread: 'k' }))
  await reached
  // Another thread does not wait.
  await slack.post({ channel, text: 'other', thread: 'l' })
  release()
  await Promise.all(posting)
  await slack.post({ channel, text: 'd', thread: 'k' })
  expect(asked).toEqual([
    'postMessage a root',
    'postMessage other root',
    'postMessage b 100.1',
    'postMessage c 100.1',
    'postMessage d 100.1',
  ])
})

test('references that do not answer are waited for as Slack is, and keep no later message of their key from being posted', async () => {
  const clock = virtualClock()
  const { asked, release, fetch } = heldSlack()
  release()
  const references = memoryReferences({ clock })
  const { get } = references
  references.get = () => new Promise(() => {})
  const slack = made({ references, fetch, clock, timeout: '1s' })
  const abort = new AbortController()
  const left = slack.post({ channel, text: 'a', thread: 'k' }, { signal: abort.signal })
  abort.abort(new Error('the handler is over'))
  await expect(left).rejects.toThrow('the handler is over')
  const late = expect(slack.post({ channel, text: 'b', thread: 'k' })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('references'),
  })
  await clock.moveTo(clock.now() + 1_000, () => new Promise((resolve) => setImmediate(resolve)))
  await late
  references.get = get
  await slack.post({ channel, text: 'c', thread: 'k' })
  expect(asked).toEqual(['postMessage c root'])
})

test('a message that is kept current is posted once, though two events come at the same time', async () => {
  const { asked, reached, release, fetch } = heldSlack()
  const status = updates({ references: memoryReferences(), fetch })
  const both = [status('a'), status('b')]
  await reached
  release()
  await Promise.all(both)
  expect(asked).toEqual(['postMessage a root', 'update b 100.1'])
})

test('two processes: the one that comes second comes back, and its channel is not slowed', async () => {
  const { asked, reached, release, fetch } = heldSlack()
  const references = memoryReferences()
  const [one, other] = [made({ references, fetch }), made({ references, fetch })]
  const first = one.post({ channel, text: 'a', thread: 'k' })
  await reached
  const second = { channel, text: 'b', thread: 'k' }
  await expect(other.post(second)).rejects.toMatchObject({ code: 'retry-after', delay: 1_000 })
  await other.post({ channel, text: 'x' })
  release()
  await first
  await other.post(second)
  expect(asked).toEqual(['postMessage a root', 'postMessage x root', 'postMessage b 100.1'])
})

test.each<[string, (answer: () => Response) => Response]>([
  ['is refused', () => Response.json({ ok: false, error: 'no_text' })],
  [
    'has no answer',
    () => {
      throw new TypeError('fetch failed')
    },
  ],
])('a first message that %s leaves the thread to the next one', async (what, end) => {
  const { asked, reached, release, fetch } = heldSlack(end)
  const references = memoryReferences()
  const slack = made({ references, fetch })
  const first = slack.post({ channel, text: 'a', thread: 'k' }).catch((error: unknown) => error)
  const second = slack.post({ channel, text: 'b', thread: 'k' }).catch((error: unknown) => error)
  await reached
  release()
  await first
  // Where Slack is out, the others come back instead of being told one after the other.
  const then = what === 'is refused' ? { ts: '100.2' } : { code: 'retry-after' }
  expect(await second).toMatchObject(then)
  const other = await made({ references, fetch }).post({ channel, text: 'c', thread: 'k' })
  expect(other.ts).toBe(`100.${asked.length}`)
  expect(asked.filter((line) => line.endsWith('root')).length).toBe(2)
})

test('a process that died while it began a thread holds it up no longer than its post may take', async () => {
  const clock = virtualClock()
  const references = memoryReferences({ clock })
  const dead = heldSlack()
  made({ references, fetch: dead.fetch, timeout: '3s' })
    .post({ channel, text: 'a', thread: 'k' })
    .catch(() => {})
  await dead.reached
  const { asked, release, fetch } = heldSlack()
  release()
  const slack = made({ references, fetch })
  const message = { channel, text: 'b', thread: 'k' }
  await expect(slack.post(message)).rejects.toMatchObject({ code: 'retry-after' })
  await clock.moveTo(clock.now() + 6_000)
  await slack.post(message)
  expect(asked).toEqual(['postMessage b root'])
})

test('a message that waits for the first one waits no longer than its signal says', async () => {
  const { reached, release, fetch } = heldSlack()
  const slack = made({ references: memoryReferences(), fetch })
  const first = slack.post({ channel, text: 'a', thread: 'k' })
  await reached
  const stop = new AbortController()
  const second = slack.post({ channel, text: 'b', thread: 'k' }, { signal: stop.signal })
  second.catch(() => {})
  stop.abort(new Error('enough'))
  await expect(second).rejects.toThrow('enough')
  release()
  await first
})

test('two that find a message removed post one in its place', async () => {
  const references = memoryReferences()
  await references.set(`slack/message/${channel}/k`, '{"channel":"C1","ts":"1.1"}', 60_000)
  const asked: string[] = []
  const { promise: bothAsked, resolve } = Promise.withResolvers<void>()
  const fetch = async (url: unknown, init?: RequestInit) => {
    const { text, ts } = JSON.parse(String(init?.body))
    asked.push(`${String(url).split('.').at(-1)} ${text} ${ts ?? 'root'}`)
    if (asked.length >= 2) resolve()
    await bothAsked
    return ts === '1.1'
      ? Response.json({ ok: false, error: 'message_not_found' })
      : Response.json({ ok: true, channel: 'C1', ts: '2.2' })
  }
  // Only what the adapter calls.
  const status = updates({ references, fetch: fetch as typeof globalThis.fetch })
  await Promise.all([status('a'), status('b')])
  expect(asked).toEqual(['update a 1.1', 'update b 1.1', 'postMessage a root', 'update b 2.2'])
})
