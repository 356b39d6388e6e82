/**
 * Owns how the workers of a fleet hear of one another within a second, without a scan of the lease table: one item of the state store, which each reads
 * once a second and few write.
 *
 * ```
 *   a worker drains, a shard ends, a dead worker's lease is freed ─> `news` + 1 ─> everybody scans the table now
 *   whoever looks for dead workers (KCL's leader, and the next two)  ─> `beat` + 1 at each life of a lease
 *   no change for two and a half lives ─> nobody looks any more: everybody does, until somebody beats
 * ```
 *
 * It is a hint: what is missed is found by the next scan, and a store that is down costs time, nothing else.
 */

import { inTime, noticeKey } from '@spaceship/core/adapter'
import type { Clock, StateStore, StateValue } from '@spaceship/core/ports'

export interface NoticesOptions {
  readonly application: string
  readonly state: Pick<StateStore, 'get' | 'set'>
  readonly clock: Clock
  readonly random: () => number
  /** Milliseconds. */
  readonly failover: number
  /** Ends all waits. */
  readonly closed: AbortSignal
  /** Told of each failure, and of each success: a store may take no writes, and be read. */
  readonly failed: (what: NoticeWork, error: unknown) => void
  readonly worked: (what: NoticeWork) => void
}

/** Milliseconds between two looks. */
const LOOK = 1_000

/** Lives of a lease without a sign of anybody who looks for the dead. */
const SILENCE = 2.5

/** How long the store may take, in milliseconds. */
const PATIENCE = 5_000

/** Times that a write is made again, because another worker wrote meanwhile. */
const TRIES = 3

type Part = 'news' | 'beat'

export type NoticeWork = 'listening for free leases' | 'telling of free leases'

export class Notices {
  readonly #options: NoticesOptions
  readonly #state: Pick<StateStore, 'get' | 'set'>
  readonly #key: string
  #version: string | undefined
  #news: number | undefined
  /** When the item was last seen to change, or first looked for. */
  #changedAt: number
  #wasSilent = false
  #telling: Promise<void> | undefined
  #again = false

  constructor(options: NoticesOptions) {
    this.#options = options
    this.#state = patient(options)
    this.#key = noticeKey(options.application)
    this.#changedAt = options.clock.monotonic()
  }

  /** Whether nobody seems to look for dead workers. */
  get silent(): boolean {
    const { clock, failover } = this.#options
    return clock.monotonic() - this.#changedAt > SILENCE * failover
  }

  /** Looks until the signal. Never rejects. @param heard called at each news of others, and when nobody is heard any more */
  async listen(heard: () => void, signal: AbortSignal): Promise<void> {
    const { clock, random, failed, worked } = this.#options
    while (!signal.aborted) {
      try {
        const isNew = await this.#look()
        // Who looks seldom is woken by the silence, too: all that look often may have died at one moment.
        const isDead = this.silent && !this.#wasSilent
        this.#wasSilent = this.silent
        if (isNew || isDead) heard()
        worked('listening for free leases')
      } catch (error) {
        failed('listening for free leases', error)
      }
      await clock.sleep(LOOK * (0.75 + random() / 2), signal)
    }
  }

  async #look(): Promise<boolean> {
    const { clock } = this.#options
    const item = await this.#state.get(this.#key)
    if (item?.version !== this.#version) this.#changedAt = clock.monotonic()
    this.#version = item?.version
    const news = numberIn(item?.value, 'news')
    const isNew = this.#news !== undefined && news !== this.#news
    this.#news = news
    return isNew
  }

  /** Leases have become free. Those that become so while it is told are told together. Never rejects. */
  tell(): Promise<void> {
    if (this.#telling !== undefined) {
      this.#again = true
      return this.#telling
    }
    this.#telling = this.#tellAll()
    return this.#telling
  }

  /** What is being told has been. Never rejects. */
  told(): Promise<void> {
    return this.#telling ?? Promise.resolve()
  }

  async #tellAll(): Promise<void> {
    do {
      this.#again = false
      await this.#raise('news')
    } while (this.#again)
    // In the same moment as the look at what came meanwhile: what comes a moment later begins anew.
    this.#telling = undefined
  }

  /** Somebody looks for dead workers. Never rejects. */
  beat(): Promise<void> {
    return this.#raise('beat')
  }

  async #raise(part: Part): Promise<void> {
    const { failed, worked } = this.#options
    try {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const item = await this.#state.get(this.#key)
        const news = numberIn(item?.value, 'news')
        const beat = numberIn(item?.value, 'beat')
        const value = part === 'news' ? { news: news + 1, beat } : { news, beat: beat + 1 }
        const { ok } = await this.#state.set(this.#key, value, { expect: item?.version })
        if (!ok) continue
        // What this worker tells is no news to it.
        if (part === 'news' && this.#news === news) this.#news = news + 1
        break
      }
      worked('telling of free leases')
    } catch (error) {
      failed('telling of free leases', error)
    }
  }
}

/** Whoever looks for leases waits for what is told: a store that never answers must not end that. */
function patient({ clock, closed: signal, state }: NoticesOptions): Pick<StateStore, 'get' | 'set'> {
  const late = `the state store did not answer within ${PATIENCE} ms`
  const within = <T>(ask: () => Promise<T>) => inTime(ask, { within: PATIENCE, clock, late, signal })
  return {
    get: (key) => within(() => state.get(key)),
    set: (key, value, options) => within(() => state.set(key, value, options)),
  }
}

/** Anybody may write an item. */
function numberIn(value: StateValue | undefined, part: Part): number {
  const found = value?.[part]
  return typeof found === 'number' && Number.isSafeInteger(found) ? found : 0
}
