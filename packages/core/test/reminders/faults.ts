/** Owns faults that an adapter or an engine could have: each must come to light within a thousand worlds. */

import type { Execution, StateItem, StateValue } from '../../src/ports/index.ts'
import { reminderKey } from '../../src/state/index.ts'
import type { Fault } from './world.ts'

const KEY = reminderKey('app', 'nag', 'a')

/** A store that writes something else, or on other conditions. */
function writing(
  change: (value: StateValue, known: StateItem | undefined) => StateValue | 'nothing' | undefined,
  conditions: (value: StateValue) => boolean = () => true,
): NonNullable<Fault['state']> {
  return (store) => ({
    ...store,
    set: async (key, value, options) => {
      if (key !== KEY) return store.set(key, value, options)
      const known = await store.get(key)
      const changed = change(value, known)
      if (changed === 'nothing') return { ok: true, version: known?.version ?? 'none' }
      const expect = conditions(value) ? options.expect : known?.version
      return store.set(key, changed ?? value, { ...options, expect })
    },
  })
}

const renamed =
  (rename: (execution: Execution) => string): NonNullable<Fault['scheduler']> =>
  (scheduler) => ({
    ...scheduler,
    start: (execution) => scheduler.start({ ...execution, name: rename(execution) }),
    stop: (reference) => scheduler.stop(rename({ name: reference } as Execution)), // its name is all that is looked at
  })

export const faults: Readonly<Record<string, Fault>> = {
  'a cancel leaves no tombstone where nothing was scheduled': {
    state: writing((value, known) =>
      value.status === 'cancelled' && known === undefined ? 'nothing' : undefined,
    ),
  },
  'a tombstone expires at once': {
    state: (store, clock) => ({
      ...store,
      set: (key, value, options) =>
        store.set(key, value, {
          ...options,
          ...(value.status === 'cancelled' ? { expiresAt: new Date(clock.now() + 1) } : {}),
        }),
    }),
  },
  'a tombstone forgets the version': {
    state: writing((value) =>
      value.status === 'cancelled' ? { ...value, min: 0, max: 0, at: 0 } : undefined,
    ),
  },
  'the last look is eventually consistent': {
    entities: () => ({ read: async () => ({ id: 'a', started: false }) }),
  },
  'an execution has no generation in its name': {
    scheduler: renamed(({ name }) => name.replace(/-g\d+$/, '')),
  },
  'an envelope of an old generation counts as the current one': {
    envelope: async (envelope, state) => {
      const item = await state.get(KEY)
      return { ...envelope, generation: Number(item?.value.generation ?? 0) }
    },
  },
  'the store has no compare-and-set': {
    state: writing(
      () => undefined,
      () => false,
    ),
  },
  'a handler is begun without a mark that a cancel could meet': {
    state: writing(
      (value, known) => (value.firing === true ? { ...known?.value, firing: true } : undefined),
      (value) => value.firing !== true,
    ),
  },
  'what was handled is not remembered': {
    state: writing((value) => (value.status === 'handled' && value.missed !== true ? 'nothing' : undefined)),
  },
  'time counts from now, not from the event': {
    event: (event, clock) => ({ ...event, at: new Date(clock.now()) }),
  },
  'nobody looks for what was lost': { blind: true },
  'a move is not remembered for its schedule': {
    state: writing((value, known) =>
      value.move !== undefined && known?.value.status !== 'pending' && value.status !== 'pending'
        ? 'nothing'
        : undefined,
    ),
  },
}
