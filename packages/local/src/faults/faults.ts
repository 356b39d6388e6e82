import { bare, check, count, flag, plain, required, type ShapesOf } from '@spaceship/core/adapter'
import { type Random, seededRandom } from './random.ts'

/** Shares in [0, 1] of what is refused. */
export interface Throttle {
  /** Of Kinesis calls that put or get records: `ProvisionedThroughputExceededException`. */
  readonly kinesis?: number
  /** Of the single records of a PutRecords: its entry fails while the others arrive. */
  readonly putRecords?: number
  /** Of DynamoDB calls that read or write items: `ProvisionedThroughputExceededException`. */
  readonly dynamodb?: number
}

/** Services that hold clients to their limits, as AWS does. */
export interface Limits {
  /**
   * A shard takes 1,000 records or 1 MiB in a second, and answers 5 GetRecords or 2 MiB; what is beyond that fails with
   * `ProvisionedThroughputExceededException`, single records of a PutRecords on their own.
   */
  readonly kinesis?: boolean
}

/**
 * The switches. They act on what happens after they are set; nothing is ever lost by them.
 *
 * @example
 * ship.faults.duplicate(0.2) // every fifth change arrives twice
 * ship.faults.reorder(10)    // changes swap places within a window of ten, also those of one item
 * ship.faults.clear()
 */
export interface Faults {
  /** The share of changes that reach the stream twice. */
  duplicate(share: number): void
  /** How many neighbouring changes are shuffled among each other; 0 or 1 keeps the order. */
  reorder(window: number): void
  /** How long each change is held back, in milliseconds. */
  delay(ms: number): void
  /** Replaces the shares of throttled calls; what is left out is not throttled. */
  throttle(shares: Throttle): void
  /** Which services hold clients to their limits; what is left out does not. */
  limits(of: Limits): void
  /** All switches off. */
  clear(): void
}

interface FaultState {
  readonly duplicate: number
  readonly reorder: number
  readonly delay: number
  readonly throttle: Required<Throttle>
  readonly limits: Required<Limits>
}

/** The switches as the fronts and the pipe see them. */
export interface FaultSource {
  readonly faults: Faults
  readonly random: Random
  state(): FaultState
  /** True for the given share of calls. Draws no random number for a share of zero. */
  strikes(share: number): boolean
  /** Calls back after every turn of a switch. */
  watch(listener: () => void): void
}

const NONE: FaultState = {
  duplicate: 0,
  reorder: 0,
  delay: 0,
  throttle: { kinesis: 0, putRecords: 0, dynamodb: 0 },
  limits: { kinesis: false },
}

const share = plain(
  'a share between 0 and 1, such as 0.2',
  (given) => typeof given === 'number' && given >= 0 && given <= 1,
)

export const DUPLICATE = { share: required(share) }
export const REORDER = { window: required(count(0)) }
export const DELAY = { ms: required(count(0)) }
export const THROTTLE = {
  shares: bare({ kinesis: share, putRecords: share, dynamodb: share } satisfies ShapesOf<Throttle>),
}

export const LIMITS = { of: bare({ kinesis: flag } satisfies ShapesOf<Limits>) }

/**
 * Fault switches over a seeded random, so that a failing run can be repeated.
 *
 * @throws ConfigurationError from each switch for a share outside of [0, 1] or a length that is no whole number
 */
export function faultSource(seed: number): FaultSource {
  const random = seededRandom(seed)
  const listeners: (() => void)[] = []
  let state = NONE
  const turn = (change: Partial<FaultState>) => {
    state = { ...state, ...change }
    for (const listener of listeners) listener()
  }
  const faults: Faults = {
    duplicate: (share) => {
      check('faults.duplicate', DUPLICATE, { share })
      turn({ duplicate: share })
    },
    reorder: (window) => {
      check('faults.reorder', REORDER, { window })
      turn({ reorder: window })
    },
    delay: (ms) => {
      check('faults.delay', DELAY, { ms })
      turn({ delay: ms })
    },
    throttle: (given) => {
      check('faults.throttle', THROTTLE, { shares: given })
      const { kinesis = 0, putRecords = 0, dynamodb = 0 } = given ?? {}
      turn({ throttle: { kinesis, putRecords, dynamodb } })
    },
    limits: (given) => {
      check('faults.limits', LIMITS, { of: given })
      turn({ limits: { kinesis: given?.kinesis ?? false } })
    },
    clear: () => turn(NONE),
  }
  return {
    faults,
    random,
    state: () => state,
    strikes: (share) => share > 0 && random() < share,
    watch: (listener) => void listeners.push(listener),
  }
}
