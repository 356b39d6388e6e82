import assert from 'node:assert/strict'
import type { OutgoingRecord } from '../event-sink.ts'
import type { Execution, ReminderScheduler } from '../reminder-scheduler.ts'
import type { Case } from './cases.ts'

export interface ReminderSchedulerSubject {
  readonly scheduler: ReminderScheduler
  readonly now: () => number
  /** Lets time pass up to that moment, and hands over what was put on the ingress stream since the last call. */
  readonly fired: (until: number) => Promise<readonly OutgoingRecord[]>
  /** How late the scheduler may fire, in milliseconds. @default 2_000 */
  readonly lateness?: number
  /** Whether an execution that fired or was stopped keeps its name: starting it again is then nothing. @default false */
  readonly keepsNames?: boolean
  /** Whether `stop` can tell that there was nothing to stop any more. @default true */
  readonly tellsStopped?: boolean
}

/**
 * What a case does before an execution is due has so many milliseconds, also where a scheduler counts whole seconds
 * and the machine is busy: of 2 s, a scheduler that rounds down twice leaves less than one.
 */
const BEFORE_DUE = 5_000

/**
 * What every ReminderScheduler must do.
 *
 * @example
 * for (const { name, run } of reminderSchedulerCases) test(name, () => run({ scheduler: myScheduler, now: Date.now, fired }))
 */
export const reminderSchedulerCases: readonly Case<ReminderSchedulerSubject>[] = [
  {
    name: 'puts the envelope on the stream when it is due, not before, under its partition key',
    run: async ({ scheduler, now, fired, lateness = 2_000 }) => {
      const execution = executionAt(now() + BEFORE_DUE, {
        words: 'Zoë "quoted" \\ 🚀 <aws.scheduler.x> $.y {}',
      })
      await scheduler.start(execution)
      assert.deepEqual(await texts(fired(now())), [])
      assert.deepEqual(await texts(fired(execution.dueAt.getTime() + lateness)), expected(execution))
    },
  },
  {
    name: 'starting the same name again, also at the same time, is one execution',
    run: async ({ scheduler, now, fired, lateness = 2_000 }) => {
      const execution = executionAt(now() + 2_000)
      const [first, ...others] = await Promise.all([1, 2, 3].map(() => scheduler.start(execution)))
      for (const reference of [...others, await scheduler.start(execution)]) assert.equal(reference, first)
      assert.deepEqual(await texts(fired(execution.dueAt.getTime() + lateness)), expected(execution))
    },
  },
  {
    name: 'what was stopped does not fire, and stopping it again says so; others fire',
    run: async ({ scheduler, now, fired, lateness = 2_000, tellsStopped = true }) => {
      const [stopped, stays] = [executionAt(now() + BEFORE_DUE), executionAt(now() + BEFORE_DUE)]
      const reference = await scheduler.start(stopped)
      await scheduler.start(stays)
      assert.equal(await scheduler.stop(reference), true)
      if (tellsStopped) assert.equal(await scheduler.stop(reference), false)
      assert.deepEqual(await texts(fired(stays.dueAt.getTime() + lateness)), expected(stays))
    },
  },
  {
    name: 'its name is a reference: it stops the execution, and finds it while it waits only',
    run: async ({ scheduler, now }) => {
      const execution = executionAt(now() + 60_000)
      const reference = await scheduler.start(execution)
      if (scheduler.find !== undefined)
        for (const named of [reference, execution.name]) assert.equal(await scheduler.find(named), 'waiting')
      assert.equal(await scheduler.stop(execution.name), true)
      assert.equal((await scheduler.find?.(reference)) ?? 'gone', 'gone')
      assert.equal((await scheduler.find?.(`reminder-${crypto.randomUUID()}`)) ?? 'gone', 'gone')
    },
  },
  {
    name: 'a name that was stopped and is started again says so by no error, and fires no more than it is declared to',
    run: async ({ scheduler, now, fired, lateness = 2_000, keepsNames = false }) => {
      const execution = executionAt(now() + BEFORE_DUE)
      await scheduler.stop(await scheduler.start(execution))
      await scheduler.start(execution)
      assert.deepEqual(
        await texts(fired(execution.dueAt.getTime() + lateness)),
        keepsNames ? [] : expected(execution),
      )
    },
  },
  {
    name: 'what it declares is what it does',
    run: async ({ scheduler: { capabilities } }) => {
      const { name, precision, horizon, nativeCancel } = capabilities
      assert.match(name, /^[a-z][a-z-]*$/)
      assert.ok(precision >= 0 && precision < 86_400_000)
      assert.ok(horizon === undefined || horizon >= 86_400_000)
      assert.equal(nativeCancel, true)
    },
  },
  {
    name: 'what is due already fires at once',
    run: async ({ scheduler, now, fired, lateness = 2_000 }) => {
      const execution = executionAt(now() - 60_000)
      await scheduler.start(execution)
      assert.deepEqual(await texts(fired(now() + lateness)), expected(execution))
    },
  },
  {
    name: 'an execution in 90 days waits and can be stopped; its name may have 64 characters',
    run: async ({ scheduler, now, fired }) => {
      const name = `${crypto.randomUUID()}_`.padEnd(64, 'Z9-')
      const execution = { ...executionAt(now() + 90 * 86_400_000), name }
      const reference = await scheduler.start(execution)
      assert.deepEqual(await texts(fired(now() + 500)), [])
      assert.equal(await scheduler.stop(reference), true)
    },
  },
]

function executionAt(due: number, more: object = {}): Execution {
  const name = `reminder-${crypto.randomUUID()}`
  const envelope = JSON.stringify({ name, ...more })
  return { name, dueAt: new Date(due), envelope, partitionKey: `key of ${name}` }
}

function expected({ partitionKey, envelope }: Execution): string[] {
  return [`${partitionKey}: ${envelope}`]
}

async function texts(records: Promise<readonly OutgoingRecord[]>): Promise<string[]> {
  return (await records).map(({ partitionKey, data }) => `${partitionKey}: ${Buffer.from(data).toString()}`)
}
