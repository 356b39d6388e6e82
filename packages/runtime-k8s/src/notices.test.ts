import { memoryState, virtualClock } from '@spaceship/core/memory'
import type { StateStore } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import { Notices } from './notices.ts'
import { Troubles } from './troubles.ts'

const FAILOVER = 10_000
const { signal: closed } = new AbortController()
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

function fleet(size: number, state: StateStore = memoryState()) {
  const clock = virtualClock()
  const stop = new AbortController()
  const failures: unknown[] = []
  const workers = Array.from({ length: size }, () => {
    const heard: number[] = []
    const notices = new Notices({
      ...{ application: 'app', state, clock, random: () => 0.5, failover: FAILOVER, closed },
      ...{ failed: (_: string, error: unknown) => void failures.push(error), worked: () => {} },
    })
    void notices.listen(() => void heard.push(clock.monotonic()), stop.signal)
    return { notices, heard }
  })
  const pass = (ms: number) => clock.moveTo(clock.now() + ms, settled)
  return { workers, pass, clock, failures, stop: () => stop.abort() }
}

test('what one worker tells is heard by every other within a second and a quarter, once, and not by itself', async () => {
  const { workers, pass, clock, stop } = fleet(4)
  await pass(5_000)
  expect(workers.flatMap(({ heard }) => heard)).toEqual([])
  const told = clock.monotonic()
  await workers[0]?.notices.tell()
  await pass(5_000)
  stop()
  expect(workers.map(({ heard }) => heard.length)).toEqual([0, 1, 1, 1])
  for (const at of workers.flatMap(({ heard }) => heard)) expect(at - told).toBeLessThanOrEqual(1_250)
})

test('many that tell at one moment lose no news: everybody hears of what came after its last look', async () => {
  const { workers, pass, stop } = fleet(12)
  await pass(2_000)
  await Promise.all(workers.map(({ notices }) => notices.tell()))
  await pass(3_000)
  stop()
  for (const { heard } of workers) expect(heard.length).toBeGreaterThan(0)
})

test('what becomes free while it is told is told with one more write', async () => {
  let writes = 0
  const store = memoryState()
  const state: StateStore = {
    ...store,
    set: async (...args) => {
      writes += 1
      return store.set(...args)
    },
  }
  const { workers, pass, stop } = fleet(1, state)
  await pass(1_000)
  await Promise.all(Array.from({ length: 100 }, () => workers[0]?.notices.tell()))
  stop()
  expect(writes).toBe(2)
})

test('a fleet is silent when nobody has beaten for two and a half lives, and not while somebody does', async () => {
  const { workers, pass, stop } = fleet(2)
  const [one, two] = workers
  for (let beats = 0; beats < 10; beats += 1) {
    await one?.notices.beat()
    await pass(FAILOVER)
    expect(two?.notices.silent).toBe(false)
  }
  // A beat is no news.
  expect(two?.heard).toEqual([])
  await pass(2 * FAILOVER)
  expect(two?.notices.silent).toBe(true)
  // The silence is, once: who looks seldom looks now.
  expect(two?.heard.length).toBe(1)
  await pass(5 * FAILOVER)
  expect(two?.heard.length).toBe(1)
  await one?.notices.beat()
  await pass(2_000)
  expect(two?.notices.silent).toBe(false)
  expect(two?.heard.length).toBe(1)
  stop()
})

test('a store that is down is told of, and heard again when it is back; an item that somebody has spoilt is none', async () => {
  const store = memoryState()
  let isDown = false
  const state: StateStore = {
    ...store,
    get: async (key) => {
      if (isDown) throw new Error('down')
      return store.get(key)
    },
  }
  await store.set('app/notice', { news: 'x', beat: -0.5 }, { expect: undefined })
  const { workers, pass, failures, stop } = fleet(2, state)
  await pass(2_000)
  isDown = true
  await workers[0]?.notices.tell()
  await pass(2_000)
  expect(failures.length).toBeGreaterThan(2)
  isDown = false
  await workers[0]?.notices.tell()
  await pass(2_000)
  stop()
  expect(workers[1]?.heard.length).toBe(1)
})

test('what becomes free in the very moment in which a telling ends is told, too', async () => {
  for (let moments = 0; moments < 40; moments += 1) {
    const store = memoryState()
    let begun = 0
    const state = {
      ...store,
      set: (...asked: Parameters<typeof store.set>) => {
        begun += 1
        return store.set(...asked)
      },
    }
    const clock = virtualClock(0)
    const quiet = { failed: () => {}, worked: () => {} }
    const notices = new Notices({
      application: 'app',
      state,
      clock,
      random: () => 0.5,
      failover: 10_000,
      closed,
      ...quiet,
    })
    const first = notices.tell()
    for (let moment = 0; moment < moments; moment += 1) await Promise.resolve()
    const before = begun
    await notices.tell()
    await first
    expect([moments, begun]).toEqual([moments, before + (before === 0 ? 2 : 1)])
  }
})

test('a store that never answers ends no wait: what is told is given up after a while, and told', async () => {
  const silent: StateStore = {
    ...memoryState(),
    get: () => new Promise<never>(() => {}),
    set: () => new Promise<never>(() => {}),
  }
  const { workers, pass, failures, stop } = fleet(1, silent)
  let isTold = false
  const told = workers[0]?.notices.tell().then(() => {
    isTold = true
  })
  await pass(4_999)
  expect(isTold).toBe(false)
  await pass(1)
  await told
  stop()
  expect(failures).toMatchObject([{ code: 'no-answer' }, { code: 'no-answer' }])
})

test('a store that is read and takes no writes is told of once, and its recovery once', async () => {
  const clock = virtualClock()
  const stop = new AbortController()
  const kept = memoryState()
  let takes = false
  const refused = () => Promise.reject(new Error('throttled'))
  const state: StateStore = { ...kept, set: (...given) => (takes ? kept.set(...given) : refused()) }
  const lines: string[] = []
  const say = (level: string) => (message: string) => void lines.push(`${level}: ${message}`)
  const troubles = new Troubles({
    debug: () => {},
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
  })
  const notices = new Notices({
    ...{ application: 'app', state, clock, random: () => 0.5, failover: FAILOVER, closed },
    failed: (what, error) => troubles.failed(what, '', error),
    worked: (what) => troubles.over(what, ''),
  })
  const listening = notices.listen(() => {}, stop.signal)
  for (const works of [false, false, false, true]) {
    takes = works
    await notices.tell()
    await clock.moveTo(clock.now() + 3_000, settled)
  }
  stop.abort()
  await listening
  const what = 'telling of free leases'
  expect(lines).toEqual([`warn: ${what} fails: will try again until it works`, `info: ${what} works again`])
})
