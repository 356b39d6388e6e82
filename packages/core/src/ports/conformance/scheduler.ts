import assert from 'node:assert/strict'
import type { Execution, ReminderScheduler } from '../reminder-scheduler.ts'
import type { Case } from './cases.ts'

export interface ReminderSchedulerSubject {
  readonly scheduler: ReminderScheduler
  readonly now: () => number
  /** Lets time pass up to that moment, and hands over every envelope that was fired since the last call. */
  readonly fired: (until: number) => Promise<readonly string[]>
}

/** What every ReminderScheduler must do. */
export const reminderSchedulerCases: readonly Case<ReminderSchedulerSubject>[] = [
  {
    name: 'fires the envelope when it is due, not before',
    run: async ({ scheduler, now, fired }) => {
      const execution = executionAt(now() + 3_000)
      await scheduler.start(execution)
      assert.deepEqual(await fired(now()), [])
      assert.deepEqual(await fired(execution.dueAt.getTime() + 2_000), [execution.envelope])
    },
  },
  {
    name: 'starting the same name again is one execution',
    run: async ({ scheduler, now, fired }) => {
      const execution = executionAt(now() + 1_000)
      const first = await scheduler.start(execution)
      assert.equal(await scheduler.start(execution), first)
      assert.deepEqual(await fired(execution.dueAt.getTime() + 2_000), [execution.envelope])
    },
  },
  {
    name: 'what was stopped does not fire, and stopping it again says so',
    run: async ({ scheduler, now, fired }) => {
      const execution = executionAt(now() + 1_000)
      const reference = await scheduler.start(execution)
      assert.equal(await scheduler.stop(reference), true)
      assert.equal(await scheduler.stop(reference), false)
      assert.deepEqual(await fired(execution.dueAt.getTime() + 2_000), [])
    },
  },
  {
    name: 'what is due already fires at once',
    run: async ({ scheduler, now, fired }) => {
      const execution = executionAt(now() - 60_000)
      await scheduler.start(execution)
      assert.deepEqual(await fired(now() + 2_000), [execution.envelope])
    },
  },
]

function executionAt(due: number): Execution {
  const name = `reminder-${crypto.randomUUID()}`
  return { name, dueAt: new Date(due), envelope: JSON.stringify({ name }), partitionKey: name }
}
