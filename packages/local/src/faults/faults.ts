import { optionsOf, refuse } from '@spaceship/core'
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
  /** All switches off. */
  clear(): void
}

interface FaultState {
  readonly duplicate: number
  readonly reorder: number
  readonly delay: number
  readonly throttle: Required<Throttle>
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
}

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
      refuse('faults.duplicate', shareProblems('share', share))
      turn({ duplicate: share })
    },
    reorder: (window) => {
      refuse('faults.reorder', lengthProblems('window', window))
      turn({ reorder: window })
    },
    delay: (ms) => {
      refuse('faults.delay', lengthProblems('ms', ms))
      turn({ delay: ms })
    },
    throttle: (given) => {
      const problems: string[] = []
      const { kinesis = 0, putRecords = 0, dynamodb = 0 } = optionsOf(given, problems, 'the shares')
      const shares = { kinesis, putRecords, dynamodb }
      refuse('faults.throttle', [
        ...problems,
        ...Object.entries(shares).flatMap(([name, share]) => shareProblems(name, share)),
      ])
      turn({ throttle: shares })
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

function shareProblems(name: string, share: number): string[] {
  return typeof share === 'number' && share >= 0 && share <= 1
    ? []
    : [`${name} is ${share}: write a share between 0 and 1, such as 0.2`]
}

function lengthProblems(name: string, value: number): string[] {
  return Number.isSafeInteger(value) && value >= 0
    ? []
    : [`${name} is ${value}: write a whole number, 0 or more`]
}
