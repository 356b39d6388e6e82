import type { DeadLetter, DeadLetters } from '../ports/index.ts'

export interface MemoryDeadLetters extends DeadLetters {
  /** What is kept, in the order in which it came. */
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
      if (!letters.has(letter.id)) letters.set(letter.id, copyOf(letter))
    },
    get: async (id) => {
      const letter = letters.get(id)
      return letter === undefined ? undefined : copyOf(letter)
    },
    remove: async (id) => void letters.delete(id),
    list: async function* (application) {
      const own = [...letters.values()].filter((letter) => letter.application === application)
      yield* own.sort((a, b) => a.at.getTime() - b.at.getTime()).map(copyOf)
    },
  }
}

/** Nobody may change a letter through what it was handed. */
function copyOf(letter: DeadLetter): DeadLetter {
  return { ...letter, data: letter.data.slice() }
}
