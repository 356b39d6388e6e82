import { describe, expect, test } from 'vitest'
import { timelineCases } from '../conformance/index.ts'
import { memoryState, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'
import { stateTimeline } from './index.ts'

describe('stateTimeline', () => {
  for (const { name, run } of timelineCases) {
    test(name, () => {
      const clock = virtualClock()
      const timeline = stateTimeline({ application: 'a', state: memoryState({ clock }), clock })
      return run({ timeline, now: clock.now })
    })
  }
})

const HOUR = 3_600_000
const execution = (name: string, due: number) => ({
  name,
  dueAt: new Date(due),
  envelope: '{}',
  partitionKey: 'p',
})

/** The keys that a store holds at the end of it. */
async function keysIn(state: StateStore, clock: { now(): number }): Promise<string[]> {
  const found: string[] = []
  for (const prefix of ['a/due-hours//', ...[0, 1, 2, 3].map((n) => `a/due/${hourKey(clock.now())}/${n}//`)])
    for (const { key } of (await state.list?.(prefix))?.items ?? []) found.push(key)
  return found
}

const hourKey = (at: number) => String(Math.floor(at / HOUR)).padStart(16, '0')

test('an hour that is over and empty leaves the index; one in which something waits stays', async () => {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const timeline = stateTimeline({ application: 'a', state, clock })
  const now = clock.now()
  await timeline.add(execution('first', now))
  await timeline.add(execution('second', now + 10))
  await timeline.done(await timeline.claim(now, 10, 1))
  await clock.moveTo(now + 3 * HOUR)
  expect(await timeline.claim(now + 5, 10, 1)).toEqual([])
  expect((await state.list?.('a/due-hours//'))?.items).toHaveLength(1)
  await timeline.done(await timeline.claim(clock.now(), 10, 1))
  expect((await state.list?.('a/due-hours//'))?.items).toHaveLength(1)
  expect(await timeline.claim(clock.now(), 10, 1)).toEqual([])
  expect((await state.list?.('a/due-hours//'))?.items).toEqual([])
})

test('an hour that is emptied while something is added to it is not lost', async () => {
  const clock = virtualClock()
  const inner = memoryState({ clock })
  const now = clock.now()
  let late: (() => Promise<void>) | undefined
  // The adder has written the hour, and pauses before it writes the standing.
  const state: StateStore = {
    ...inner,
    set: async (key, ...rest) => {
      if (key.startsWith('a/due/')) {
        const pause = late
        late = undefined
        await pause?.()
      }
      return inner.set(key, ...rest)
    },
  }
  const timeline = stateTimeline({ application: 'a', state, clock })
  const sweeper = stateTimeline({ application: 'a', state: inner, clock })
  late = async () => {
    await clock.moveTo(now + 3 * HOUR)
    await sweeper.claim(clock.now(), 10, 1)
    expect((await inner.list?.('a/due-hours//'))?.items).toEqual([])
  }
  await timeline.add(execution('slow', now))
  expect((await sweeper.claim(clock.now(), 10, 1)).map((due) => due.execution.name)).toEqual(['slow'])
})

test('a crash at each write of an add or a removal loses nothing that was answered, and a repeat mends it', async () => {
  for (let crash = 1; crash < 8; crash += 1) {
    const clock = virtualClock()
    const inner = memoryState({ clock })
    let writes = 0
    const state: StateStore = {
      ...inner,
      set: async (...args) => {
        if (++writes === crash) throw new Error('killed')
        return inner.set(...args)
      },
      delete: async (...args) => {
        if (++writes === crash) throw new Error('killed')
        return inner.delete(...args)
      },
    }
    const dying = stateTimeline({ application: 'a', state, clock })
    const timeline = stateTimeline({ application: 'a', state: inner, clock })
    const due = clock.now() + 10
    const killed = { add: false, remove: false }
    await dying.add(execution('x', due)).catch(() => {
      killed.add = true
    })
    if (killed.add) await timeline.add(execution('x', due))
    else
      await dying.remove('x').catch(() => {
        killed.remove = true
      })
    if (killed.remove) await timeline.remove('x')
    const handed = await timeline.claim(due, 10, 1)
    expect([crash, handed.length]).toEqual([crash, killed.add ? 1 : 0])
    await timeline.done(handed)
    expect(await timeline.has('x')).toBe(false)
    expect((await keysIn(inner, clock)).filter((key) => !key.startsWith('a/due-hours'))).toEqual([])
  }
})

test('a store that does not list is refused', () => {
  const { list: _, ...state } = memoryState()
  expect(() => stateTimeline({ application: 'a', state })).toThrow(
    "'state' is an object: expected a StateStore that lists",
  )
})
