/**
 * Owns suspect mode: a shard whose owners keep dying is run one record at a time, and each is charged before its bytes are
 * looked at. A record that was charged too often killed them. Never runs a record.
 */

import type { Json } from '../../ports/index.ts'
import { formatPosition, type Position } from '../../wire/index.ts'
import type { Settings } from '../configuration.ts'
import type { Source } from '../seam.ts'

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
  { application, clock, retention, state }: Pick<Settings, 'application' | 'clock' | 'retention' | 'state'>,
  { stream, shard }: Source,
): Suspects {
  const key = `${application}/suspect/${stream}/${shard}`
  /** Charged before by this process, which is alive: it did no harm. */
  let harmless: string | undefined

  /** What killed earlier owners keeps its charges while this one works its way to it. */
  async function update(charged?: string): Promise<number> {
    for (let item = await state.get(key); ; ) {
      const charges: Record<string, Json> = { ...item?.value }
      if (harmless !== undefined) delete charges[harmless]
      const before = Number(charges[charged ?? ''] ?? 0)
      if (charged !== undefined) charges[charged] = before + 1
      const expiresAt = new Date(clock.now() + retention)
      const result = await state.set(key, charges, { expect: item?.version, expiresAt })
      if (result.ok) return before
      item = result.current
    }
  }

  return {
    charge: async (position) => {
      const at = formatPosition(position)
      const mayRun = (await update(at)) < CRASHES
      // One that is given up on proves nothing: if the next one kills this process, it stays given up on.
      harmless = mayRun ? at : undefined
      return mayRun
    },
    absolve: async () => {
      if (harmless !== undefined) await update()
    },
  }
}
