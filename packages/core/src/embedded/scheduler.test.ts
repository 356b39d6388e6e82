import { describe, expect, test } from 'vitest'
import { runnersOn } from '../../test/runners.ts'
import { reminderSchedulerCases, reminderSchedulerOutageCases } from '../conformance/index.ts'
import { memoryEvents, memoryState, memoryTimeline, virtualClock } from '../memory/index.ts'
import type { Clock, EventSink, Timeline } from '../ports/index.ts'
import { Permanent, Unavailable } from '../verdicts.ts'
import { embeddedScheduler, stateTimeline } from './index.ts'

const down = new Unavailable('timeline')
const SECOND = 1_000

/** Of timelines, each with what it is on. */
const timelines: Readonly<Record<string, () => (clock: Clock) => Timeline>> = {
  memoryTimeline: () => {
    const timeline = memoryTimeline()
    return () => timeline
  },
  stateTimeline: () => {
    const state = memoryState()
    return (clock) => stateTimeline({ application: 'a', state, clock })
  },
}

function sceneOn(
  timelineOf: (clock: Clock) => Timeline = timelines.memoryTimeline?.() ?? (() => memoryTimeline()),
) {
  const clock = virtualClock()
  const runners = runnersOn(clock, timelineOf)
  const executionIn = (ms: number, name = `r-${crypto.randomUUID()}`) => ({
    name,
    dueAt: new Date(clock.now() + ms),
    envelope: name,
    partitionKey: `key of ${name}`,
  })
  return { clock, runners, executionIn, begun: clock.now() }
}

for (const [name, make] of Object.entries(timelines)) {
  for (const count of [1, 3]) {
    describe(`embeddedScheduler on ${name}, ${count} that run`, () => {
      for (const { name, run } of reminderSchedulerCases) {
        test(name, async () => {
          const { clock, runners } = sceneOn(make())
          const [process] = Array.from({ length: count }, () => runners.begin())
          let told = 0
          const fired = async (until: number) => {
            await runners.moveTo(Math.max(until, clock.now()))
            const records = runners.fired.slice(told).map(({ record }) => record)
            told = runners.fired.length
            return records
          }
          if (process !== undefined) await run({ scheduler: process.scheduler, now: clock.now, fired })
          await runners.end()
        })
      }
    })
  }
}

describe('embeddedScheduler while its timeline is out', () => {
  for (const { name, run } of reminderSchedulerOutageCases) {
    test(name, () => {
      const out = () => Promise.reject(down)
      const timeline = { add: out, remove: out, has: out, claim: out, done: out, next: out }
      return run(embeddedScheduler({ timeline, sink: memoryEvents() }))
    })
  }
})

test('what this process has added fires at its time, also what is due before all else', async () => {
  const { begun, runners, executionIn } = sceneOn()
  const { scheduler } = runners.begin({ precision: '1m' })
  await runners.settled()
  await scheduler.start(executionIn(40_500))
  await scheduler.start(executionIn(10_250))
  await runners.settled()
  await scheduler.start(executionIn(0))
  await runners.moveTo(begun + 41_000)
  expect(runners.fired.map(({ at }) => at - begun)).toEqual([0, 10_250, 40_500])
  await runners.end()
})

test('what another process has added is late by the precision at most', async () => {
  const { begun, runners, executionIn } = sceneOn()
  const { scheduler } = runners.begin({}, false)
  runners.begin({ precision: '2s' })
  await runners.moveTo(begun + 100)
  await scheduler.start(executionIn(50))
  await runners.moveTo(begun + 5_000)
  const [late] = runners.fired
  expect((late?.at ?? 0) - begun).toBeGreaterThanOrEqual(150)
  expect((late?.at ?? 0) - begun).toBeLessThanOrEqual(2_150)
  await runners.end()
})

test('what becomes due while a runner asks is fired at once: only what was due at its claim is under the lease of another', async () => {
  const timeline = memoryTimeline()
  const { begun, clock, runners, executionIn } = sceneOn(() => ({
    ...timeline,
    next: async () => {
      const next = await timeline.next()
      if (clock.now() === begun) await clock.moveTo(begun + 100)
      return next
    },
  }))
  await timeline.add(executionIn(50))
  runners.begin({ precision: '1m' })
  await runners.moveTo(begun + 60_000)
  expect(runners.fired.map(({ at }) => at - begun)).toEqual([100])
  await runners.end()
})

test('a runner sleeps no longer than the precision, however far away the next one is: no timer overflows', async () => {
  const { begun, runners, executionIn } = sceneOn()
  const { scheduler } = runners.begin({ precision: '1h' })
  await scheduler.start(executionIn(90 * 86_400_000))
  await runners.moveTo(begun + 90 * 86_400_000)
  expect(runners.fired.map(({ at }) => at - begun)).toEqual([90 * 86_400_000])
  expect(runners.longest).toBeLessThanOrEqual(3_600_000)
  await runners.end()
})

test.each(['claim', 'next', 'put', 'done'] as const)(
  'after 10 s in which each %s fails, lateness is at most the cut plus 1 s, and nothing fires twice',
  async (cut) => {
    const { begun, clock, runners, executionIn } = sceneOn()
    const { scheduler } = runners.begin()
    runners.outage = (call) => (call === cut && clock.now() < begun + 10_000 ? down : undefined)
    const executions = [0, 1, 2_500, 9_999, 10_000, 10_001].map((ms) => executionIn(ms, `r${ms}`))
    for (const execution of executions) await scheduler.start(execution)
    await runners.moveTo(begun + 60_000)
    expect(runners.fired.map(({ text }) => text).sort()).toEqual(executions.map(({ name }) => name).sort())
    for (const { at } of runners.fired) expect(at).toBeLessThanOrEqual(begun + 11_001)
    await runners.end()
  },
)

test.each(['claim', 'next', 'put', 'done'] as const)(
  'while %s fails for a minute, it is asked about once in the precision, and the outage is told once',
  async (cut) => {
    const { begun, clock, runners, executionIn } = sceneOn()
    const lines: string[] = []
    const log = (line: string) => void lines.push(line)
    const { scheduler } = runners.begin({ logger: { debug: log, info: log, warn: log, error: log } })
    let asked = 0
    runners.outage = (call) => {
      if (call !== cut || clock.now() >= begun + 60_000) return undefined
      asked += 1
      return down
    }
    // What is due is put and marked without asking what is next.
    await scheduler.start(executionIn(cut === 'next' ? 70_000 : 1))
    await runners.moveTo(begun + 120_000)
    expect(asked).toBeGreaterThan(10)
    expect(asked).toBeLessThan(140)
    expect(lines).toEqual(['the embedded scheduler waits for what is down', 'the embedded scheduler goes on'])
    expect(runners.fired).toHaveLength(1)
    await runners.end()
  },
)

test('an outage that is longer than the lease loses nothing', async () => {
  const { begun, clock, runners, executionIn } = sceneOn()
  const { scheduler } = runners.begin({ lease: '5s' })
  runners.begin({ lease: '5s' })
  runners.outage = (call) => (call === 'put' && clock.now() < begun + 60_000 ? down : undefined)
  await scheduler.start(executionIn(100, 'late'))
  await runners.moveTo(begun + 120_000)
  expect(runners.fired.map(({ text, at }) => [text, at <= begun + 66_000])).toEqual([['late', true]])
  await runners.end()
})

test.each(['before', 'after'] as const)(
  'killed %s each of its calls: what was handed out is put by another, and repeated only if it was put before',
  async (when) => {
    for (let call = 1; call <= 6; call += 1) {
      const { begun, runners, executionIn } = sceneOn()
      const starter = runners.begin({}, false)
      for (const name of ['a', 'b']) await starter.scheduler.start(executionIn(5 * SECOND, name))
      const dying = runners.begin({ batch: 1 })
      await runners.moveTo(begun + 4_999)
      dying.dieAt(call, when)
      await runners.moveTo(begun + 5_000)
      runners.begin()
      await runners.moveTo(begun + 40_000)
      const counts = ['a', 'b'].map((name) => runners.fired.filter(({ text }) => text === name).length)
      for (const count of counts) expect(count).toBeGreaterThanOrEqual(1)
      expect(counts[0] === undefined || counts[1] === undefined || counts[0] + counts[1] <= 3).toBe(true)
      for (const { at } of runners.fired) expect(at).toBeGreaterThanOrEqual(begun + 5_000)
      await runners.end()
    }
  },
)

test('killed amid a large backlog, others put the rest in batches, and at most one batch is repeated', async () => {
  const { begun, runners, executionIn } = sceneOn()
  const starter = runners.begin({}, false)
  const names = Array.from({ length: 20_000 }, (_, n) => `r${n}`)
  for (const name of names) await starter.scheduler.start(executionIn(-1, name))
  const dying = runners.begin({ batch: 300 })
  dying.dieAt(61, 'before')
  await runners.settled()
  expect(dying.alive).toBe(false)
  expect(runners.fired.length).toBeLessThan(20_000)
  for (let n = 0; n < 3; n += 1) runners.begin({ batch: 300 })
  await runners.moveTo(begun + 40_000)
  expect(new Set(runners.fired.map(({ text }) => text)).size).toBe(20_000)
  expect(runners.fired.length).toBeLessThanOrEqual(20_300)
  await runners.end()
})

test('a record that the stream never takes holds up no other', async () => {
  const { clock, begun, executionIn } = sceneOn()
  const timeline = memoryTimeline()
  const put: string[] = []
  const sink: EventSink = {
    put: async (records) => {
      const texts = records.map(({ data }) => new TextDecoder().decode(data))
      if (texts.includes('poison')) throw new Permanent('too large')
      put.push(...texts)
    },
  }
  const runners = runnersOn(clock, () => timeline)
  const { scheduler } = runners.begin({ sink })
  for (const name of ['a', 'poison', 'b']) await scheduler.start(executionIn(10, name))
  await runners.moveTo(begun + 5_000)
  expect(put.sort()).toEqual(['a', 'b'])
  expect(await scheduler.find?.('poison')).toBe('waiting')
  await runners.end()
})

test('a runner that is told to end puts what it was handed first, and ends without waiting for what is not due', async () => {
  const timeline = memoryTimeline()
  const stop = new AbortController()
  const put: number[] = []
  const sink: EventSink = {
    put: async (records) => {
      stop.abort()
      put.push(records.length)
    },
  }
  const scheduler = embeddedScheduler({ timeline, sink })
  const execution = { name: 'a', dueAt: new Date(0), envelope: '{}', partitionKey: 'p' }
  await scheduler.start(execution)
  await scheduler.start({ ...execution, name: 'far', dueAt: new Date(Date.UTC(2100, 0)) })
  await scheduler.run(stop.signal)
  expect(put).toEqual([1])
  expect(await timeline.has('a')).toBe(false)
  await scheduler.run(stop.signal)
  expect(await timeline.has('far')).toBe(true)
})

test('a run never rejects, also if its logger throws; it tells of an outage once, and of its end', async () => {
  const { begun, clock, runners, executionIn } = sceneOn()
  const lines: string[] = []
  const log = (line: string) => {
    lines.push(line)
    throw new Error('no disk')
  }
  const { scheduler } = runners.begin({ logger: { debug: log, info: log, warn: log, error: log } })
  runners.outage = (call) => (call === 'claim' && clock.now() < begun + 5_000 ? down : undefined)
  await runners.moveTo(begun + 1)
  await scheduler.start(executionIn(0, 'a'))
  await runners.moveTo(begun + 10_000)
  expect(runners.fired.map(({ text }) => text)).toEqual(['a'])
  expect(lines).toEqual(['the embedded scheduler waits for what is down', 'the embedded scheduler goes on'])
  await runners.end()
})

test('its check asks the timeline and the stream', async () => {
  const asked: string[] = []
  const scheduler = embeddedScheduler({
    timeline: { ...memoryTimeline(), check: async () => void asked.push('timeline') },
    sink: { ...memoryEvents(), check: async () => void asked.push('stream') },
  })
  await scheduler.check?.()
  expect(asked).toEqual(['timeline', 'stream'])
})
