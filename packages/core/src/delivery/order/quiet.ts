/** Owns the question "can anything still happen?": how many lanes are busy, and which only wait for time to pass. */
export interface Quiet {
  /** A lane is busy from now on. */
  began(): void
  /** It has ended, or was left. */
  rested(): void
  /** A busy lane waits until `wake` (for ever, if it is told by someone). @returns makes it busy again */
  asleep(wake: number): () => void
  /** Resolves when every lane has ended or sleeps. */
  reached(): Promise<void>
  /** Resolves when every lane has ended, or sleeps beyond `until`. */
  reachedUntil(until: number): Promise<void>
  /** Resolves when every lane has ended. */
  drained(): Promise<void>
}

export function createQuiet(): Quiet {
  let busy = 0
  const sleepers = new Set<{ readonly wake: number }>()
  const waiting = new Set<() => void>()

  function changed(): void {
    for (const check of [...waiting]) check()
  }

  function when(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
    })
  }

  return {
    began: () => {
      busy += 1
    },
    rested: () => {
      busy -= 1
      if (busy === 0 && waiting.size > 0) changed()
    },
    asleep: (wake) => {
      const sleeper = { wake }
      sleepers.add(sleeper)
      busy -= 1
      if (waiting.size > 0) changed()
      return () => {
        if (sleepers.delete(sleeper)) busy += 1
      }
    },
    reached: () => when(() => busy === 0),
    reachedUntil: (until) => when(() => busy === 0 && [...sleepers].every(({ wake }) => wake >= until)),
    drained: () => when(() => busy === 0 && sleepers.size === 0),
  }
}
