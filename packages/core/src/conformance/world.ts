/**
 * Owns what outlives the processes of a runtime under test: the stores, the clock, what had an effect. Each process gets the
 * stores through a *life*: when that ends, nothing of it reaches them any more, as after `kill -9`.
 */

import { memoryDeadLetters, memoryState, type VirtualClock, virtualClock } from '../memory/index.ts'
import type { DeadLetter, DeadLetters, StateStore } from '../ports/index.ts'

/** One process, from its start to its death. */
export interface Life {
  readonly alive: boolean
  readonly state: StateStore
  readonly deadLetters: DeadLetters
  /** For what else the runtime writes: it is cut off, and counted, like the stores. */
  write<T>(work: () => Promise<T>): Promise<T>
}

/** A handler that began, by the process that ran it. */
export interface Effect {
  readonly route: string
  readonly lane: string
  readonly id: string
  readonly n: number
  readonly life: Life
  /** It returned while its process lived. */
  ended: boolean
}

export interface World {
  readonly clock: VirtualClock
  readonly letters: readonly DeadLetter[]
  readonly effects: readonly Effect[]
  /** Writes so far, of all processes. */
  readonly writes: number
  /** Effects that began although their claim had been completed before. */
  readonly broken: readonly string[]
  born(): Life
  /** The process dies at this write, before or after it is done. */
  killAt(write: number, when: 'before' | 'after', die: () => void): void
  kill(life: Life): void
  /** A handler begins. Undefined in a dead process, where nothing happens any more. */
  record(effect: Omit<Effect, 'ended'>): { ended(): void } | undefined
}

const NEVER = new Promise<never>(() => {})

export function createWorld(): World {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const deadLetters = memoryDeadLetters()
  const dead = new WeakSet<Life>()
  const effects: Effect[] = []
  const completed = new Set<string>()
  const broken: string[] = []
  let writes = 0
  let fate:
    | { readonly write: number; readonly when: 'before' | 'after'; readonly die: () => void }
    | undefined

  function born(): Life {
    async function write<T>(work: () => Promise<T>): Promise<T> {
      if (dead.has(life)) return NEVER
      writes += 1
      const mine = fate?.write === writes ? fate : undefined
      if (mine?.when === 'before') mine.die()
      if (dead.has(life)) return NEVER
      const result = await work()
      if (mine?.when === 'after') mine.die()
      return dead.has(life) ? NEVER : result
    }
    const life: Life = {
      get alive() {
        return !dead.has(life)
      },
      write,
      state: {
        get: (key) => (dead.has(life) ? NEVER : state.get(key)),
        set: (key, value, options) =>
          write(async () => {
            const result = await state.set(key, value, options)
            if (result.ok && value.state === 'completed') completed.add(key)
            return result
          }),
        delete: (key, version) => write(() => state.delete(key, version)),
      },
      deadLetters: {
        put: (letter) => write(() => deadLetters.put(letter)),
        remove: (id) => write(() => deadLetters.remove(id)),
        get: (id) => deadLetters.get(id),
        list: (application) => deadLetters.list(application),
      },
    }
    return life
  }

  return {
    clock,
    get letters() {
      return deadLetters.letters
    },
    effects,
    get writes() {
      return writes
    },
    broken,
    born,
    killAt: (write, when, die) => {
      fate = { write, when, die }
    },
    kill: (life) => void dead.add(life),
    record: (about) => {
      const { route, n, id, life } = about
      if (!life.alive) return undefined
      const effect = { ...about, ended: false }
      if ([...completed].some((key) => key.endsWith(`/claim/r/${route}/${id}`)))
        broken.push(`${route} ${n} began after its claim was completed`)
      effects.push(effect)
      return {
        ended: () => {
          if (life.alive) effect.ended = true
        },
      }
    },
  }
}
