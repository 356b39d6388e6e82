import type { EventSink, OutgoingRecord } from '../ports/index.ts'
import { callable, check } from '../shapes.ts'

export interface MemoryEvents extends EventSink {
  readonly records: readonly OutgoingRecord[]
}

export const EVENTS = { received: callable }

/** An EventSink in this process; `received` is told of each record. */
export function memoryEvents(received: (record: OutgoingRecord) => void = () => {}): MemoryEvents {
  check('memoryEvents', EVENTS, { received })
  const records: OutgoingRecord[] = []
  return {
    records,
    put: async (added, signal) => {
      signal?.throwIfAborted()
      for (const record of added) {
        records.push(record)
        received(record)
      }
    },
  }
}
