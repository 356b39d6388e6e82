/**
 * Owns how much the readers of a worker fetch at the same time: what they have asked for, and what deliveries hold, stay together within
 * `maxAhead.bytes`. A page weighs what it may become, until it has come.
 *
 * | a reader asks                                         | for                                                         |
 * |-------------------------------------------------------|-------------------------------------------------------------|
 * | when its page fits                                    | as many records as the options say, or a small page while   |
 * |                                                       | its shard is caught up                                      |
 * | when no other one is under way, and there is some room | the same: a bound may be smaller than a page                |
 * | of a caught-up shard that had no record yet           | one record, at once                                         |
 * | when it has waited for `PATIENCE`                     | a small page: none starves, whatever others hold            |
 */

import type { Clock } from '@spaceship/core/ports'

/** Kinesis gives no more at once, but for one record. */
const LARGEST_PAGE = 10 * 1024 * 1024

/** Bytes. */
const SMALL_PAGE = 256 * 1024

/** Milliseconds that a reader waits for room, and between two looks. */
const PATIENCE = 1_000
const LOOK = 100

/** What a reader knows of its shard. */
export interface Appetite {
  /** Records that it asks for at the most. */
  readonly limit: number
  /** Bytes of a record, of the last page that had some. */
  readonly average: number | undefined
  readonly isBehind: boolean
}

export interface Fetch {
  /** Records to ask for. */
  readonly limit: number
  /** The page has come, or will not. */
  over(): void
}

export class Fetches {
  readonly #clock: Clock
  readonly #room: () => number
  #asked = 0

  /** @param room bytes that deliveries may still take in; less than none if they hold more than they should */
  constructor(clock: Clock, room: () => number) {
    this.#clock = clock
    this.#room = room
  }

  /** Resolves when the reader may ask, or when the signal is aborted. */
  async next(appetite: Appetite, signal: AbortSignal): Promise<Fetch> {
    const { limit, average, isBehind } = appetite
    if (average === undefined && !isBehind) return this.#askSmall(appetite)
    const most = isBehind ? LARGEST_PAGE : SMALL_PAGE
    const bytes = average === undefined ? most : Math.max(average, Math.min(most, limit * average))
    const patience = this.#clock.monotonic() + PATIENCE
    while (!signal.aborted && this.#clock.monotonic() < patience) {
      const room = this.#room() - this.#asked
      if (bytes <= room || (this.#asked === 0 && room > 0)) return this.#ask(bytes, appetite)
      await this.#clock.sleep(LOOK, signal)
    }
    return this.#askSmall(appetite)
  }

  /** Of records whose size is not known, one. */
  #askSmall({ limit, average }: Appetite): Fetch {
    const bytes = Math.max(SMALL_PAGE, average ?? 0)
    return this.#ask(bytes, { limit: average === undefined ? 1 : limit, average })
  }

  #ask(bytes: number, { limit, average }: Pick<Appetite, 'limit' | 'average'>): Fetch {
    this.#asked += bytes
    let isOver = false
    return {
      // Records without a byte weigh nothing.
      limit: average ? Math.max(1, Math.min(limit, Math.floor(bytes / average))) : limit,
      over: () => {
        if (!isOver) this.#asked -= bytes
        isOver = true
      },
    }
  }
}
