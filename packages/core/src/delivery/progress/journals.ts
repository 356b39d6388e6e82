/**
 * Owns where the journal is kept for a source that redelivers a suffix: a state item under the position that comes first
 * again. It also counts how often that position was opened without an outcome: a batch that kills its process leaves no other
 * trace.
 */

import type { StateValue } from '../../ports/index.ts'
import type { Position } from '../../wire/index.ts'
import type { Settings } from '../configuration.ts'
import type { Source } from '../seam.ts'

export interface Journals {
  /** One request, unless the position was opened before. */
  open(first: Position): Promise<{ readonly journal: string | undefined; readonly crashes: number }>
  /**
   * The batch had an outcome: it left this position unfinished.
   *
   * @param crashes to go on from: of what is suspected, and was not yet run to its end
   */
  save(first: Position, journal: string | undefined, crashes: number): Promise<void>
}

type JournalSettings = Pick<Settings, 'application' | 'clock' | 'retention' | 'state'>

export function createJournals(
  { application, clock, retention, state }: JournalSettings,
  { stream, shard }: Source,
): Journals {
  // By the sequence alone: an aggregate comes again as a whole, whichever of its records was left unfinished.
  const keyOf = ({ sequence }: Position) => `${application}/journal/${stream}/${shard}/${sequence}`
  /** The shard has one owner, which alone writes; a lost race means that a zombie wrote, and is repeated on what it wrote. */
  async function write(first: Position, change: (known: StateValue) => StateValue): Promise<StateValue> {
    let known: StateValue = {}
    for (let expect: string | undefined; ; ) {
      const value = change(known)
      const expiresAt = new Date(clock.now() + retention)
      const result = await state.set(keyOf(first), value, { expect, expiresAt })
      if (result.ok) return known
      expect = result.current?.version
      known = result.current?.value ?? {}
    }
  }

  return {
    open: async (first) => {
      const { journal, opens = 0 } = await write(first, (known) => ({
        ...known,
        opens: Number(known.opens ?? 0) + 1,
      }))
      return { journal: typeof journal === 'string' ? journal : undefined, crashes: Number(opens) }
    },
    save: async (first, journal, opens) => {
      await write(first, () => ({ journal: journal ?? null, opens }))
    },
  }
}
