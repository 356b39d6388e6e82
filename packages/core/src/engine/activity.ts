import { changed, type Watchers, when } from './condition.ts'
import { NEVER } from './within.ts'

/** Owns the question "can anything still happen?": how many lanes are busy, and which only wait for time to pass. */
export interface Activity {
  /** A lane is busy from now on. */
  began(): void
  /** A lane has ended, or was left. */
  rested(): void
  /** A busy lane waits until `wake` on the clock's `monotonic` (for ever, if someone is to wake it), or a little later. @returns makes it busy again */
  asleep(wake: number): () => void
  /** Whether every lane has ended, or sleeps beyond `until`. */
  isStill(until: number): boolean
  /** Resolves when every lane has ended, or sleeps beyond `until`. */
  still(until: number): Promise<void>
  readonly isDrained: boolean
  /** Resolves when every lane has ended. */
  drained(): Promise<void>
}

export function createActivity(): Activity {
  let busy = 0
  const sleepers = new Set<{ readonly wake: number }>()
  /** Of the sleepers: those that wake before `limit`, counted so that a change costs the same however many sleep. */
  let early = 0
  let limit = -NEVER
  const watchers: Watchers = new Set()

  const isDrained = () => busy === 0 && sleepers.size === 0

  function isStill(until: number): boolean {
    if (busy > 0) return false
    if (until !== limit) {
      limit = until
      early = 0
      for (const { wake } of sleepers) if (wake < limit) early += 1
    }
    return early === 0
  }

  return {
    began: () => {
      busy += 1
    },
    rested: () => {
      busy -= 1
      if (busy === 0) changed(watchers)
    },
    asleep: (wake) => {
      const sleeper = { wake }
      sleepers.add(sleeper)
      if (wake < limit) early += 1
      busy -= 1
      if (busy === 0) changed(watchers)
      return () => {
        if (!sleepers.delete(sleeper)) return
        if (wake < limit) early -= 1
        busy += 1
      }
    },
    isStill,
    still: (until) => when(() => isStill(until), watchers),
    get isDrained() {
      return isDrained()
    },
    drained: () => when(isDrained, watchers),
  }
}
