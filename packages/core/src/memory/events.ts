import { callableProblems } from '../configuration.ts'
import { refuse } from '../errors.ts'
import type { EventSink, OutgoingRecord } from '../ports/index.ts'

export interface MemoryEvents extends EventSink {
  readonly records: readonly OutgoingRecord[]
}

/** An EventSink in this process; `received` is told of each record. */
export function memoryEvents(received: (record: OutgoingRecord) => void = () => {}): MemoryEvents {
  refuse('memoryEvents', callableProblems({ received }, { received: '' }))
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
