import type { DueExecution, Timeline } from '../ports/index.ts'
import { createHeap } from './heap.ts'

/** One object for each: a million of them wait at the same time. */
interface Waiting {
  readonly name: string
  readonly due: number
  readonly envelope: string
  readonly partitionKey: string
  /** When it is handed out: as it is due, or once the lease is over. */
  at: number
  place: number
}

/** A Timeline in this process: it ends with the process. For tests, and for reminders that need not outlive it. */
export function memoryTimeline(): Timeline {
  const executions = new Map<string, Waiting>()
  const order = createHeap<Waiting>()
  /** The tokens of those that were handed out, by name: most wait. */
  const handedOut = new Map<string, string>()
  let tokens = 0

  function take(waiting: Waiting): void {
    executions.delete(waiting.name)
    handedOut.delete(waiting.name)
    order.remove(waiting)
  }

  function handOut(waiting: Waiting, until: number): DueExecution {
    const { name, due, envelope, partitionKey } = waiting
    const token = String(++tokens)
    waiting.at = until
    handedOut.set(name, token)
    order.moved(waiting)
    return { execution: { name, dueAt: new Date(due), envelope, partitionKey }, token }
  }

  return {
    add: async ({ name, dueAt, envelope, partitionKey }) => {
      if (executions.has(name)) return
      const due = dueAt.getTime()
      const waiting = { name, due, envelope, partitionKey, at: due, place: 0 }
      executions.set(name, waiting)
      order.add(waiting)
    },
    remove: async (name) => {
      const waiting = executions.get(name)
      if (waiting === undefined) return false
      const fresh = !handedOut.has(name)
      take(waiting)
      return fresh
    },
    has: async (name) => executions.has(name),
    claim: async (now, limit, lease) => {
      const due: DueExecution[] = []
      for (let { first } = order; due.length < limit; first = order.first) {
        if (first === undefined || first.at > now) break
        due.push(handOut(first, now + lease))
      }
      return due
    },
    done: async (due) => {
      for (const { execution, token } of due) {
        const waiting = executions.get(execution.name)
        if (waiting !== undefined && handedOut.get(execution.name) === token) take(waiting)
      }
    },
    next: async () => order.first?.at,
  }
}
