/** Owns executions as reminders make them: their names, envelopes and partition keys have the lengths of real ones. */

import { createHash } from 'node:crypto'
import type { Execution } from '@spaceship/core/ports'

export function executionOf(n: number, dueAt: Date): Execution {
  const digest = createHash('sha256').update(`client-${n}`).digest('hex')
  const key = `client-${n}`
  return {
    name: `reminder-${digest.slice(0, 32)}-mjnjaio0-g1`,
    dueAt,
    envelope: JSON.stringify({
      spaceship: 1,
      kind: 'reminder',
      application: 'onboarding',
      reminder: 'tutorial',
      key,
      generation: 1,
    }),
    partitionKey: digest.slice(32),
  }
}
