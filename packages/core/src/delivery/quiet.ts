/** Owns the question "can anything still happen?": which lanes run, and which only wait for time to pass. */
export interface Quiet {
  track(lane: Promise<unknown>): void
  /** Marks a wait for time to pass, until `wake`. */
  asleep(wake: number, wait: () => Promise<void>): Promise<void>
  /** Resolves when every lane has ended or sleeps. */
  reached(): Promise<void>
  /** Resolves when every lane has ended, or sleeps beyond `until`. */
  reachedUntil(until: number): Promise<void>
  /** Resolves when every lane has ended. */
  drained(): Promise<void>
}

export function createQuiet(): Quiet {
  let lanes = 0
  let awake = 0
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
    track: (lane) => {
      lanes += 1
      awake += 1
      const ended = () => {
        lanes -= 1
        awake -= 1
        changed()
      }
      lane.then(ended, ended)
    },
    asleep: async (wake, wait) => {
      const sleeper = { wake }
      sleepers.add(sleeper)
      awake -= 1
      changed()
      await wait()
      awake += 1
      sleepers.delete(sleeper)
    },
    reached: () => when(() => awake === 0),
    reachedUntil: (until) => when(() => awake === 0 && [...sleepers].every(({ wake }) => wake >= until)),
    drained: () => when(() => lanes === 0),
  }
}
