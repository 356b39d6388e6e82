/** Owns the news of executions that this process adds: a runner that sleeps longer than until the next of them is woken. */

export interface Bell {
  /** An execution was added that is due at a moment. */
  ring(at: number): void
  /** For a runner, from its look at the timeline on: what was added after it may be missing there. */
  listen(): Listener
}

export interface Listener {
  /** The earliest of which was told so far; infinity if of none. */
  readonly earliest: number
  /** Calls back, once, when an earlier one is added than `than`. */
  whenEarlier(than: number, wake: () => void): void
  end(): void
}

interface Ear {
  earliest: number
  than: number
  wake: (() => void) | undefined
}

export function createBell(): Bell {
  const ears = new Set<Ear>()
  return {
    ring: (at) => {
      for (const ear of ears) {
        ear.earliest = Math.min(ear.earliest, at)
        if (at < ear.than) ear.wake?.()
      }
    },
    listen: () => {
      const ear: Ear = { earliest: Number.POSITIVE_INFINITY, than: Number.NEGATIVE_INFINITY, wake: undefined }
      ears.add(ear)
      return {
        get earliest() {
          return ear.earliest
        },
        whenEarlier: (than, wake) => {
          ear.than = than
          ear.wake = wake
        },
        end: () => void ears.delete(ear),
      }
    },
  }
}
