/**
 * Owns suspect mode: a shard whose owners keep dying is run one record at a time, and each record is charged before its bytes are looked
 * at. A charge names its process: a record that was charged by too many processes, which are dead, killed them. Never runs a record.
 */

import type { Json } from '../ports/index.ts'
import { change, suspectKey, textsIn } from '../state/index.ts'
import { formatPosition, type Position } from '../wire/index.ts'
import type { Source } from './seam.ts'
import type { Settings } from './settings.ts'

/** Processes that one record may take with it. */
const CRASHES = 3

/** Whether so many owners died here that their records are to be suspected. */
export function isSuspicious(crashes = 0): boolean {
  return crashes >= 2
}

export interface Suspects {
  /** Writes ahead that the record is about to be run. @returns false if it has killed enough */
  charge(position: Position): Promise<boolean>
  /** Takes back the charge of the last one that was run: the delivery has an outcome, and its process is alive. */
  absolve(): Promise<void>
}

export function createSuspects(
  {
    application,
    clock,
    process,
    retention,
    state,
  }: Pick<Settings, 'application' | 'clock' | 'process' | 'retention' | 'state'>,
  { stream, shard }: Source,
): Suspects {
  const key = suspectKey(application, stream, shard)
  /** Charged before by this process, which is alive: it did no harm. */
  let harmless: string | undefined

  /** What killed earlier owners keeps its charges while this one works its way to it. @returns other processes that were charged */
  async function update(charged?: string): Promise<number> {
    const { result } = await change(state, key, (item) => {
      const charges: Record<string, Json> = { ...item?.value }
      if (harmless !== undefined) delete charges[harmless]
      // An answer that was lost charges this process a second time, which is once.
      const others = textsIn(charges[charged ?? '']).filter((other) => other !== process)
      if (charged !== undefined) charges[charged] = [...others, process]
      return { write: charges, expiresAt: new Date(clock.now() + retention), result: others.length }
    })
    return result
  }

  return {
    charge: async (position) => {
      const at = formatPosition(position)
      const mayRun = (await update(at)) < CRASHES
      // A record that is given up on proves nothing: if the next one kills this process, it stays given up on.
      harmless = mayRun ? at : undefined
      return mayRun
    },
    absolve: async () => {
      if (harmless !== undefined) await update()
    },
  }
}
