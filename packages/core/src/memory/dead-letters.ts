import type { DeadLetter, DeadLetters } from '../ports/index.ts'

export interface MemoryDeadLetters extends DeadLetters {
  /** What was kept, oldest first. */
  readonly letters: readonly DeadLetter[]
}

/** DeadLetters in this process. */
export function memoryDeadLetters(): MemoryDeadLetters {
  const letters = new Map<string, DeadLetter>()
  return {
    get letters() {
      return [...letters.values()]
    },
    put: async (letter) => {
      if (!letters.has(letter.id)) letters.set(letter.id, { ...letter, data: letter.data.slice() })
    },
    get: async (id) => letters.get(id),
    list: async function* (application) {
      const own = [...letters.values()].filter((letter) => letter.application === application)
      yield* own.sort((a, b) => a.at.getTime() - b.at.getTime())
    },
  }
}
