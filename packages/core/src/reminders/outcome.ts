/** Owns what is told of a decision to whoever asked for it. */

import type { Decision } from './decide.ts'

/** What a call has come to. */
export interface Outcome {
  /**
   * | result      | means                                                                  |
   * |-------------|------------------------------------------------------------------------|
   * | `scheduled` | it is pending, due at `dueAt`                                          |
   * | `unchanged` | it was pending so before                                               |
   * | `missed`    | it would have been due longer ago than `maxLateness`: it is not sent   |
   * | `cancelled` | it is not sent                                                         |
   * | `too-late`  | it was sent, or is being sent                                          |
   * | `nothing`   | nothing was pending                                                    |
   * | `outdated`  | a newer event had decided (of a call with an event)                    |
   */
  readonly result: 'scheduled' | 'unchanged' | 'missed' | 'cancelled' | 'too-late' | 'nothing' | 'outdated'
  readonly key: string
  /** Of the schedule that this is about: it grows with each schedule and each move. 0 if there was none. */
  readonly generation: number
  /** When it is (or was) due. */
  readonly dueAt: Date | undefined
}

export function outcomeOf(decision: Decision, key: string): Outcome {
  const { generation = 0, dueAt = 0 } = decision.state ?? {}
  return {
    result: resultOf(decision),
    key,
    generation,
    dueAt: generation === 0 ? undefined : new Date(dueAt),
  }
}

function resultOf(decision: Decision): Outcome['result'] {
  switch (decision.kind) {
    case 'pending':
      return decision.repeated ? 'unchanged' : 'scheduled'
    case 'ended':
      if (decision.state.missed) return 'missed'
      if (decision.late) return 'too-late'
      return decision.stopped === undefined ? 'nothing' : 'cancelled'
    case 'sent':
      return 'too-late'
    default: {
      const { state, why } = decision
      if (why === 'a newer event has decided') return 'outdated'
      if (state === undefined) return 'nothing'
      return state.status === 'handled' || state.firing ? 'too-late' : 'nothing'
    }
  }
}
