import type { Execution, ReminderScheduler } from '../ports/index.ts'

export interface MemoryScheduler extends ReminderScheduler {
  /** What waits, the next one first. */
  readonly waiting: readonly Execution[]
  /** Takes out what is due by then, in order of time. */
  due(now: number): Execution[]
}

/** A ReminderScheduler in this process. Nothing fires by itself: `due` hands out what is due. */
export function memoryScheduler(): MemoryScheduler {
  const executions = new Map<string, Execution>()
  const inOrder = () => [...executions.values()].sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime())
  return {
    capabilities: { name: 'memory', precision: 0, horizon: undefined, nativeCancel: true },
    get waiting() {
      return inOrder()
    },
    due: (now) => {
      const due = inOrder().filter((execution) => execution.dueAt.getTime() <= now)
      for (const { name } of due) executions.delete(name)
      return due
    },
    start: async (execution) => {
      if (!executions.has(execution.name)) executions.set(execution.name, execution)
      return execution.name
    },
    stop: async (reference) => executions.delete(reference),
    find: async (reference) => (executions.has(reference) ? 'waiting' : 'gone'),
  }
}
