/**
 * Owns the death of a process: the points at which one can be made to die, and ports that refuse what it still tries to
 * write afterwards. Never decides what comes next.
 *
 * | point         | done when it dies                         | not done                             |
 * |---------------|-------------------------------------------|--------------------------------------|
 * | `claim`       | the claim (or guard) is held              | the handler has not started          |
 * | `effect`      | the handler has returned                  | nothing of it is written             |
 * | `complete`    | the claim (or guard) is completed         | nothing is acknowledged              |
 * | `dead-letter` | the letter is written                     | nothing is acknowledged              |
 * | `checkpoint`  | everything is done                        | nothing is acknowledged              |
 */

import { SpaceshipError } from '../index.ts'
import type { DeadLetters, EventSink, ReminderScheduler, StateStore, StateValue } from '../ports/index.ts'

export const CRASH_POINTS = ['claim', 'effect', 'complete', 'dead-letter', 'checkpoint'] as const

export type CrashPoint = (typeof CRASH_POINTS)[number]

/** The life of one process. */
export interface Life {
  readonly alive: boolean
  /** The process is at this point, and dies if it was to. */
  reached(point: CrashPoint): void
}

/** @throws SpaceshipError `crashed` once the process is dead */
function living({ alive }: Life): void {
  if (!alive) throw new SpaceshipError('crashed', 'the process has crashed: it can do nothing any more')
}

/** The identities that a guard remembers of what was handled. */
function handledIn({ marks }: StateValue): readonly string[] {
  return Array.isArray(marks) ? marks.flatMap((mark): readonly string[] => Object(mark).ids) : []
}

/** Tells the steps of claims and guards by what is written: the engine's own items, as `claim.ts` and `guard.ts` own them. */
export function mortalState(store: StateStore, life: Life, application: string): StateStore {
  const guarded = new Map<string, readonly string[]>()

  function pointOf(key: string, value: StateValue): CrashPoint | undefined {
    const claim = key.startsWith(`${application}/claim/`)
    const guard = key.startsWith(`${application}/guard/`)
    if (!claim && !guard) return undefined
    const ids = guard ? handledIn(value) : []
    const known = guarded.get(key) ?? []
    guarded.set(key, ids)
    if (value.state === 'held') return 'claim'
    // A guard is free again after a failure, too; then it remembers nothing new.
    return value.state === 'completed' || ids.some((id) => !known.includes(id)) ? 'complete' : undefined
  }

  const { list } = store
  return {
    // A store that cannot list has no method for it.
    ...(list && {
      list: async (prefix, cursor) => {
        living(life)
        return list.call(store, prefix, cursor)
      },
    }),
    get: async (key) => {
      living(life)
      return store.get(key)
    },
    set: async (key, value, options) => {
      living(life)
      const result = await store.set(key, value, options)
      const point = result.ok ? pointOf(key, value) : undefined
      if (point !== undefined) life.reached(point)
      return result
    },
    delete: async (key, version) => {
      living(life)
      return store.delete(key, version)
    },
  }
}

export function mortalLetters(letters: DeadLetters, life: Life): DeadLetters {
  return {
    ...letters,
    put: async (letter) => {
      living(life)
      await letters.put(letter)
      life.reached('dead-letter')
    },
    remove: async (id) => {
      living(life)
      await letters.remove(id)
    },
  }
}

export function mortalEvents(events: EventSink, life: Life): EventSink {
  return {
    put: async (records, signal) => {
      living(life)
      await events.put(records, signal)
    },
  }
}

export function mortalScheduler(scheduler: ReminderScheduler, life: Life): ReminderScheduler {
  const { find } = scheduler
  return {
    capabilities: scheduler.capabilities,
    // A scheduler that cannot tell has no method for it.
    ...(find && {
      find: async (reference) => {
        living(life)
        return find.call(scheduler, reference)
      },
    }),
    start: async (execution) => {
      living(life)
      return scheduler.start(execution)
    },
    stop: async (reference) => {
      living(life)
      return scheduler.stop(reference)
    },
  }
}
