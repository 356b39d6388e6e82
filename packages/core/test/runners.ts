/** Owns runners of embedded schedulers on a clock that stands still: a test moves it, and goes on when all runners sleep. */

import {
  type EmbeddedScheduler,
  type EmbeddedSchedulerOptions,
  embeddedScheduler,
} from '../src/embedded/index.ts'
import type { VirtualClock } from '../src/memory/index.ts'
import type { Clock, EventSink, OutgoingRecord, Timeline } from '../src/ports/index.ts'

export interface Fired {
  readonly at: number
  readonly text: string
  readonly record: OutgoingRecord
}

/** A process: what it still asks once it is dead never comes back, and has no effect. */
export interface Process {
  readonly scheduler: EmbeddedScheduler
  /** Dies at a call of the timeline or the sink from now on, the first is 1, before or after its effect. */
  dieAt(call: number, when: 'before' | 'after'): void
  readonly alive: boolean
}

export interface Runners {
  readonly fired: readonly Fired[]
  /** The longest sleep so far, in milliseconds. */
  readonly longest: number
  /** Calls throw as long as it answers with an error. */
  outage: (call: 'put' | keyof Timeline) => Error | undefined
  /** A process of its own; it runs unless `run` is false. */
  begin(options?: Partial<EmbeddedSchedulerOptions>, run?: boolean): Process
  /** Resolves when every runner that lives sleeps. */
  settled(): Promise<void>
  moveTo(moment: number): Promise<void>
  end(): Promise<void>
}

const NEVER = new Promise<never>(() => {})

/** @param timelineOf what a process sees of the one timeline, through its own connection */
export function runnersOn(clock: VirtualClock, timelineOf: (clock: Clock) => Timeline): Runners {
  const fired: Fired[] = []
  const stop = new AbortController()
  const waiting = new Set<() => void>()
  let awake = 0
  let longest = 0

  const changed = () => {
    for (const look of waiting) look()
  }

  async function settled(): Promise<void> {
    for (;;) {
      // What was woken is counted as awake a turn later.
      await new Promise((resolve) => setImmediate(resolve))
      if (awake === 0) return
      await new Promise<void>((resolve) => {
        waiting.add(resolve)
      })
      waiting.clear()
    }
  }

  function begin(options: Partial<EmbeddedSchedulerOptions> = {}, runs = true): Process {
    let alive = true
    let calls = 0
    let fate: { readonly call: number; readonly when: 'before' | 'after' } | undefined
    const die = () => {
      if (alive && runs) awake -= 1
      alive = false
      changed()
    }

    async function living<T>(name: Parameters<Runners['outage']>[0], effect: () => Promise<T>): Promise<T> {
      if (!alive) return NEVER
      calls += 1
      const now = calls === fate?.call ? fate.when : undefined
      if (now === 'before') die()
      if (!alive) return NEVER
      const error = runners.outage(name)
      if (error !== undefined) throw error
      const result = await effect()
      if (now === 'after') die()
      return alive ? result : NEVER
    }

    const own: Clock = {
      ...clock,
      sleep: async (ms, signal) => {
        if (!alive) return NEVER
        longest = Math.max(longest, ms)
        const sleeps = ms > 0 && !signal?.aborted
        if (sleeps) awake -= 1
        changed()
        await clock.sleep(ms, signal)
        if (!alive) return NEVER
        if (sleeps) awake += 1
      },
    }
    const inner = timelineOf(own)
    const timeline: Timeline = {
      add: (execution) => living('add', () => inner.add(execution)),
      remove: (name) => living('remove', () => inner.remove(name)),
      has: (name) => living('has', () => inner.has(name)),
      claim: (...args) => living('claim', () => inner.claim(...args)),
      done: (due) => living('done', () => inner.done(due)),
      next: () => living('next', () => inner.next()),
    }
    const sink: EventSink = {
      put: (records) =>
        living('put', async () => {
          for (const record of records)
            fired.push({ at: clock.now(), record, text: new TextDecoder().decode(record.data) })
        }),
    }
    const scheduler = embeddedScheduler({ timeline, sink, clock: own, random: () => 0.5, ...options })
    if (runs) {
      awake += 1
      const ended = () => {
        if (alive) awake -= 1
        changed()
      }
      // Never rejects, as a test says.
      void scheduler.run(stop.signal).then(ended)
    }
    return {
      scheduler,
      dieAt: (call, when) => {
        fate = { call: calls + call, when }
      },
      get alive() {
        return alive
      },
    }
  }

  const runners: Runners = {
    fired,
    get longest() {
      return longest
    },
    outage: () => undefined,
    begin,
    settled,
    moveTo: async (moment) => {
      await settled()
      await clock.moveTo(moment, settled)
    },
    end: async () => {
      await settled()
      stop.abort()
      await settled()
    },
  }
  return runners
}
