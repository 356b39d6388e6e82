import type { DueExecution, Timeline } from '../ports/index.ts'
import { createHeap } from './heap.ts'

/** One object for each: a million of them wait at the same time, so it has no field more than it needs. */
interface Waiting {
  readonly name: string
  readonly packed: string
  /** When it is handed out: as it is due, or once the lease is over. */
  at: number
  place: number
}

/** What was handed out: of what waits, most never was. */
interface HandedOut {
  readonly token: string
  readonly due: number
}

/** A Timeline in this process: it ends with the process. For tests, and for reminders that need not outlive it. */
export function memoryTimeline(): Timeline {
  const executions = new Map<string, Waiting>()
  const order = createHeap<Waiting>()
  const handedOut = new Map<string, HandedOut>()
  let tokens = 0

  function take(waiting: Waiting): void {
    executions.delete(waiting.name)
    handedOut.delete(waiting.name)
    order.remove(waiting)
  }

  function handOut(waiting: Waiting, until: number): DueExecution {
    const { name, packed } = waiting
    const due = handedOut.get(name)?.due ?? waiting.at
    const token = String(++tokens)
    waiting.at = until
    handedOut.set(name, { token, due })
    order.moved(waiting)
    return { execution: { name, dueAt: new Date(due), ...unpacked(packed) }, token }
  }

  return {
    add: async ({ name: given, dueAt, envelope, partitionKey }) => {
      if (executions.has(given)) return
      // Names are ASCII. What was put together keeps its parts beside itself.
      const name = Buffer.from(given, 'latin1').toString('latin1')
      const waiting = { name, packed: packedOf(partitionKey, envelope), at: dueAt.getTime(), place: 0 }
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
        if (waiting !== undefined && handedOut.get(execution.name)?.token === token) take(waiting)
      }
    },
    next: async () => order.first?.at,
  }
}

/** One text of its own: a part of a longer one keeps all of that. */
function packedOf(partitionKey: string, envelope: string): string {
  return [partitionKey.length, partitionKey, envelope].join(' ')
}

function unpacked(packed: string): { readonly partitionKey: string; readonly envelope: string } {
  const start = packed.indexOf(' ') + 1
  const end = start + Number(packed.slice(0, start))
  return { partitionKey: packed.slice(start, end), envelope: packed.slice(end + 1) }
}
