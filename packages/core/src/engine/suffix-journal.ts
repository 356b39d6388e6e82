/**
 * Owns where the journal is kept for a source that redelivers a suffix: a state item under the position that comes first again. The item
 * also names the processes that opened that position without an outcome: records that kill their process leave no other trace.
 */

import type { StateItem } from '../ports/index.ts'
import { change, journalKey, textsIn } from '../state/index.ts'
import type { Position } from '../wire/index.ts'
import type { Source } from './seam.ts'
import type { Settings } from './settings.ts'

export interface Opened {
  readonly journal: string | undefined
  /** Other processes that opened this position, and came to no end. */
  readonly crashes: number
}

export interface SuffixJournal {
  /** One request, unless the position was opened before. */
  open(first: Position): Promise<Opened>
  /**
   * The delivery had an outcome: it left this position unfinished.
   *
   * @param suspected whether the processes that died here are still held against the records
   */
  save(first: Position, journal: string | undefined, suspected: boolean): Promise<void>
}

type JournalSettings = Pick<Settings, 'application' | 'clock' | 'process' | 'retention' | 'state'>

export function createSuffixJournal(
  { application, clock, process, retention, state }: JournalSettings,
  { stream, shard }: Source,
): SuffixJournal {
  // By the sequence alone: an aggregate comes again as a whole, whichever of its records was left unfinished.
  const keyOf = ({ sequence }: Position) => journalKey(application, stream, shard, sequence)
  const expiresAt = () => new Date(clock.now() + retention)
  /** The item that this delivery wrote when it opened. */
  let own: { readonly key: string; readonly item: StateItem } | undefined
  let others: readonly string[] = []

  return {
    open: async (first) => {
      const key = keyOf(first)
      const { result, version = '' } = await change(
        state,
        key,
        (item) => {
          others = textsIn(item?.value.processes).filter((other) => other !== process)
          const value = { ...item?.value, opens: others.length + 1, processes: [...others, process] }
          return { write: value, expiresAt: expiresAt(), result: value }
        },
        'absent',
      )
      own = { key, item: { value: result, version } }
      const { journal } = result as StateItem['value']
      return { journal: typeof journal === 'string' ? journal : undefined, crashes: others.length }
    },
    save: async (first, journal, suspected) => {
      const key = keyOf(first)
      const processes = suspected ? [...others] : []
      const value = { journal: journal ?? null, opens: processes.length, processes }
      await change(
        state,
        key,
        () => ({ write: value, expiresAt: expiresAt(), result: undefined }),
        own?.key === key ? own.item : 'absent',
      )
    },
  }
}
