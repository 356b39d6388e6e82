import assert from 'node:assert/strict'
import type { Execution } from '../reminder-scheduler.ts'
import type { DueExecution, Timeline } from '../timeline.ts'
import type { Case } from './cases.ts'
import { outage } from './outage.ts'

export interface TimelineSubject {
  /** One in which nothing waits. */
  readonly timeline: Timeline
  /** Milliseconds since 1970, as the timeline sees it. */
  readonly now: () => number
  /** How many executions a large backlog has. @default 2_500 */
  readonly many?: number
}

const LEASE = 30_000
const HOUR = 3_600_000

/**
 * What every Timeline must do. Claims name their own time, so nothing waits.
 *
 * @example
 * for (const { name, run } of timelineCases) test(name, () => run({ timeline: myTimeline, now: Date.now }))
 */
export const timelineCases: readonly Case<TimelineSubject>[] = [
  {
    name: 'an execution is handed out when it is due, not before, whole, and to one only',
    run: async ({ timeline, now }) => {
      const due = executionAt(now() + HOUR, { words: 'Zoë "quoted" \\ \u2028 🚀' })
      await timeline.add(due)
      assert.deepEqual(await timeline.claim(due.dueAt.getTime() - 1, 10, LEASE), [])
      const [first, ...others] = await timeline.claim(due.dueAt.getTime(), 10, LEASE)
      assert.deepEqual([first?.execution, others], [due, []])
      assert.deepEqual(await timeline.claim(due.dueAt.getTime(), 10, LEASE), [])
    },
  },
  {
    name: 'what was due before it was added is handed out at once',
    run: async ({ timeline, now }) => {
      const late = [executionAt(now() - 1), executionAt(now() - 90 * 24 * HOUR), executionAt(0)]
      for (const execution of late) await timeline.add(execution)
      assert.deepEqual(namesOf(await drained(timeline, now())), late.map(({ name }) => name).sort())
    },
  },
  {
    name: 'adding a name again, also at the same time, is one execution, whether it waits or is handed out',
    run: async ({ timeline, now }) => {
      const execution = executionAt(now())
      await Promise.all([1, 2, 3].map(() => timeline.add(execution)))
      const due = await timeline.claim(now(), 10, LEASE)
      assert.equal(due.length, 1)
      await timeline.add(execution)
      assert.deepEqual(await timeline.claim(now(), 10, LEASE), [])
      await timeline.done(due)
      assert.deepEqual(await timeline.claim(now() + 2 * LEASE, 10, LEASE), [])
    },
  },
  {
    name: 'what was removed is not handed out; others are, and removing it again says so',
    run: async ({ timeline, now }) => {
      const [removed, stays] = [executionAt(now() + HOUR), executionAt(now() + HOUR)]
      for (const execution of [removed, stays]) await timeline.add(execution)
      assert.equal(await timeline.has(removed.name), true)
      assert.equal(await timeline.remove(removed.name), true)
      assert.equal(await timeline.remove(removed.name), false)
      assert.equal(await timeline.has(removed.name), false)
      assert.equal(await timeline.remove(`never-${crypto.randomUUID()}`), false)
      assert.deepEqual(namesOf(await drained(timeline, now() + HOUR)), [stays.name])
    },
  },
  {
    name: 'many that were removed hide nothing that is due behind them',
    run: async ({ timeline, now }) => {
      const at = (n: number) => executionAt(now() - 10_000 + n)
      const removed = Array.from({ length: 7 }, (_, n) => at(n))
      for (const execution of removed) await timeline.add(execution)
      for (const { name } of removed) assert.equal(await timeline.remove(name), true)
      const behind = at(9)
      await timeline.add(behind)
      assert.deepEqual(namesOf(await timeline.claim(now(), 2, LEASE)), [behind.name])
      assert.deepEqual(await timeline.claim(now(), 2, LEASE), [])
    },
  },
  {
    name: 'what was handed out is removed too late, and is not handed out again',
    run: async ({ timeline, now }) => {
      const execution = executionAt(now())
      await timeline.add(execution)
      await timeline.claim(now(), 10, LEASE)
      assert.equal(await timeline.has(execution.name), true)
      assert.equal(await timeline.remove(execution.name), false)
      assert.equal(await timeline.has(execution.name), false)
      assert.deepEqual(await timeline.claim(now() + LEASE, 10, LEASE), [])
    },
  },
  {
    name: 'killed between claim and done: it is handed out again when the lease is over, not before',
    run: async ({ timeline, now }) => {
      const execution = executionAt(now())
      await timeline.add(execution)
      const [from] = [now()]
      await timeline.claim(from, 10, LEASE)
      assert.deepEqual(await timeline.claim(from + LEASE - 1, 10, LEASE), [])
      const again = await timeline.claim(from + LEASE, 10, LEASE)
      assert.deepEqual(namesOf(again), [execution.name])
      await timeline.done(again)
      assert.equal(await timeline.has(execution.name), false)
      assert.deepEqual(await timeline.claim(from + 9 * LEASE, 10, LEASE), [])
    },
  },
  {
    name: 'a lease begins at the claim, however long the execution has waited',
    run: async ({ timeline, now }) => {
      const execution = executionAt(now() + 90 * 24 * HOUR)
      await timeline.add(execution)
      for (const days of [0, 1, 30, 89])
        assert.deepEqual(await timeline.claim(now() + days * 24 * HOUR, 9, 1), [])
      const due = execution.dueAt.getTime() + HOUR
      assert.equal((await timeline.claim(due, 10, LEASE)).length, 1)
      assert.deepEqual(await timeline.claim(due + LEASE - 1, 10, LEASE), [])
    },
  },
  {
    name: 'a claimer that comes back late takes nothing away: neither from the next one, nor of a name that waits anew',
    run: async ({ timeline, now }) => {
      const execution = executionAt(now())
      const from = now()
      await timeline.add(execution)
      const first = await timeline.claim(from, 10, LEASE)
      const second = await timeline.claim(from + LEASE, 10, LEASE)
      await timeline.done(first)
      assert.equal(await timeline.has(execution.name), true)
      assert.deepEqual(await timeline.claim(from + LEASE, 10, LEASE), [])
      await timeline.done(second)
      assert.equal(await timeline.has(execution.name), false)
      await timeline.add(execution)
      for (const late of [first, second]) await timeline.done(late)
      assert.deepEqual(namesOf(await timeline.claim(from + LEASE, 10, LEASE)), [execution.name])
    },
  },
  {
    name: 'a name that was removed or is done waits again when it is added again',
    run: async ({ timeline, now }) => {
      const execution = executionAt(now() + HOUR)
      await timeline.add(execution)
      await timeline.remove(execution.name)
      await timeline.add(execution)
      const due = await timeline.claim(now() + HOUR, 10, LEASE)
      assert.deepEqual(namesOf(due), [execution.name])
      await timeline.done(due)
      await timeline.add(execution)
      assert.deepEqual(namesOf(await timeline.claim(now() + HOUR, 10, LEASE)), [execution.name])
    },
  },
  {
    name: 'a large backlog is handed out in bounded batches, each execution once, also to many at the same time',
    run: async ({ timeline, now, many = 2_500 }) => {
      const names: string[] = []
      for (let n = 0; n < many; n += 100) {
        const some = Array.from({ length: Math.min(100, many - n) }, () => executionAt(now() - n))
        names.push(...some.map(({ name }) => name))
        await Promise.all(some.map((execution) => timeline.add(execution)))
      }
      const told = await Promise.all([1, 2, 3].map(() => drained(timeline, now(), 100)))
      assert.deepEqual(namesOf(told.flat()), names.sort())
      assert.equal(await timeline.next(), undefined)
    },
  },
  {
    name: 'two that claim at the same time get each execution once',
    run: async ({ timeline, now }) => {
      const executions = Array.from({ length: 20 }, () => executionAt(now()))
      for (const execution of executions) await timeline.add(execution)
      const told = await Promise.all([1, 2, 3, 4].map(() => timeline.claim(now(), 20, LEASE)))
      const rest = await timeline.claim(now(), 20, LEASE)
      assert.deepEqual(namesOf([...told, rest].flat()), executions.map(({ name }) => name).sort())
    },
  },
  {
    name: 'next is never later than the earliest that waits, and a moment as long as something does',
    run: async ({ timeline, now }) => {
      assert.equal(await timeline.next(), undefined)
      const [later, sooner] = [executionAt(now() + 5 * HOUR), executionAt(now() + 2 * HOUR)]
      for (const execution of [later, sooner]) {
        await timeline.add(execution)
        const next = await timeline.next()
        assert.ok(next !== undefined && next <= execution.dueAt.getTime())
      }
      await timeline.remove(sooner.name)
      const next = await timeline.next()
      assert.ok(next !== undefined && next <= later.dueAt.getTime())
      assert.deepEqual(namesOf(await drained(timeline, later.dueAt.getTime())), [later.name])
    },
  },
]

/** For a Timeline whose backend is out. */
export const timelineOutageCases: readonly Case<Timeline>[] = [
  outage('add', (timeline) => timeline.add(executionAt(0))),
  outage('remove', (timeline) => timeline.remove('conformance')),
  outage('has', (timeline) => timeline.has('conformance')),
  outage('claim', (timeline) => timeline.claim(1, 10, LEASE)),
  outage('next', (timeline) => timeline.next()),
]

/** Everything that is due, claimed in batches and done. */
async function drained(timeline: Timeline, now: number, limit = 10): Promise<readonly DueExecution[]> {
  const all: DueExecution[] = []
  for (;;) {
    const due = await timeline.claim(now, limit, LEASE)
    if (due.length === 0) return all
    assert.ok(due.length <= limit, `a batch of ${due.length}`)
    await timeline.done(due)
    all.push(...due)
  }
}

function executionAt(due: number, more: object = {}): Execution {
  const name = `reminder-${crypto.randomUUID()}`.padEnd(64, 'Z9-_')
  return {
    name,
    dueAt: new Date(due),
    envelope: JSON.stringify({ name, ...more }),
    partitionKey: `ü ${name}`,
  }
}

function namesOf(due: readonly DueExecution[]): string[] {
  return due.map(({ execution }) => execution.name).sort()
}
