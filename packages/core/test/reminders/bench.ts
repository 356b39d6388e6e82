/** What the tests of reminders share: reminders on memory adapters, events by their version, and a delivery as the engine would make it. */

import type { EventMeta } from '../../src/index.ts'
import {
  memoryEntities,
  memoryEvents,
  memoryReferences,
  memoryScheduler,
  memoryState,
  type VirtualClock,
  virtualClock,
} from '../../src/memory/index.ts'
import { silent } from '../../src/ports/index.ts'
import { markHandled, resolveReminder } from '../../src/reminders/firing.ts'
import { createReminders, type RemindersOptions } from '../../src/reminders/index.ts'
import { envelopeOf } from '../../src/wire/index.ts'
import { nag } from './world.ts'

export const MINUTE = 60_000
/** The first generation of a reminder whose schedule is of the moment at which the virtual clock begins. */
export const FIRST = virtualClock().now() + 1
export const DAY = 86_400_000

/** An event of DynamoDB's clock, by its place among the others. */
export function eventAt(at: number): EventMeta {
  return {
    ...{ name: 'fact', id: String(at), at: new Date(at), version: { min: at * 1_000, max: at * 1_000 } },
    ...{ key: 'a', source: { stream: 's', shard: '0', position: '1' }, by: 'user' },
  }
}

type Given = Partial<Omit<RemindersOptions, 'clock'>> & { readonly clock?: VirtualClock }

export function remindersBench(options: Given = {}) {
  const clock = options.clock ?? virtualClock()
  const state = options.state ?? memoryState({ clock })
  const scheduler = memoryScheduler()
  const references = memoryReferences({ clock })
  const entities = memoryEntities()
  entities.put('rows', { id: 'a' }, { id: 'a', started: false })
  // Of the two forms of options, the caller gives one.
  const reminders = createReminders({
    application: 'app',
    state,
    scheduler,
    references,
    clock,
    ...options,
  } as RemindersOptions)
  const calls = reminders.of(nag)
  const as = (at: number) => reminders.of(nag, eventAt(at))
  const settings = {
    ...{ application: 'app', state, entities, clock, retention: 8 * DAY },
    // Of the engine's log no more is asked.
    logger: { ...silent } as never,
  }
  const sent: string[] = []

  /** As a handler gets it, whose routes have yet to end. */
  async function taken(data: string | Uint8Array | undefined) {
    const envelope = envelopeOf(JSON.parse(Buffer.from(data ?? '{}').toString()))
    if (envelope?.kind !== 'reminder') throw new Error('no reminder')
    const origin = { stream: 's', shard: '0', position: '1' }
    const found = await resolveReminder({ envelope, want: { name: 'nag', spec: nag.spec }, origin }, settings)
    return { envelope, found }
  }

  /** What a worker does with a record. @returns why the handler did not get it */
  async function deliver(data: string | Uint8Array | undefined): Promise<string | undefined> {
    const { envelope, found } = await taken(data)
    if (found.kind === 'event') sent.push(`${envelope.key}/${envelope.generation}`)
    await markHandled(envelope, settings)
    return found.kind === 'skip' ? found.reason : undefined
  }

  return {
    ...{
      clock,
      state,
      scheduler,
      references,
      entities,
      reminders,
      calls,
      as,
      settings,
      sent,
      taken,
      deliver,
    },
    events: memoryEvents(),
    /** Lets time pass, and delivers what is due. @returns why some were skipped */
    pass: async (ms: number): Promise<readonly (string | undefined)[]> => {
      await clock.moveTo(clock.now() + ms)
      const reasons: (string | undefined)[] = []
      for (const { envelope } of scheduler.due(clock.now())) reasons.push(await deliver(envelope))
      return reasons
    },
  }
}
