/**
 * Owns the way between a process and a service: how long requests and answers take, and what becomes of them on the way.
 *
 * ```
 *  send ── there ──┬─ cut off, lost ──────────────────────────> no answer: TimeoutError
 *                  ├─ throttled ──────────────────────────────> refused
 *                  └─ done ── back ──┬─ cut off, lost ────────> no answer, though it is done
 *                                    └─ answered
 *  a refusal or no answer, and attempts are left ─> again, as the SDK does
 * ```
 */

import { GetRecordsCommand, type GetRecordsCommandOutput } from '@aws-sdk/client-kinesis'
import type { Chance } from '@spaceship/core/testing'
import { aborted, refusal, timedOut } from './refusal.ts'
import { BEGINNING, type Process, type Universe } from './universe.ts'

export type Service = 'kinesis' | 'dynamodb'

/** What is wrong between somebody and a service at one time. */
export interface Weather {
  readonly cut: boolean
  /** One in so many requests; 0 for none. */
  readonly throttled: number
  readonly lostAnswers: number
}

export interface Wire {
  readonly universe: Universe
  readonly process: Process
  readonly chance: Chance
  readonly weather: () => Weather
  /** How long the client waits; none for a client that waits for ever. */
  readonly timeout: number | undefined
  readonly attempts: number
  /** Undefined if it never answers. @throws what the service refuses it with */
  readonly answer: (command: unknown) => object | undefined
  /** Told of what reaches the process. */
  readonly arrived?: (command: unknown, answer: object) => void
}

interface Sent {
  readonly abortSignal?: AbortSignal
}

/** A client of which `send` alone is used. */
export function clientOn(wire: Wire): { send(command: unknown, options?: Sent): Promise<object> } {
  return {
    send: async (command, { abortSignal } = {}) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await throughMiddleware(command, await sendOnce(wire, command, abortSignal))
        } catch (error) {
          if (attempt >= wire.attempts || !isRepeated(error) || abortSignal?.aborted) throw error
        }
        await wire.process.clock.sleep(50 + wire.chance.below(100) * attempt, abortSignal)
      }
    },
  }
}

/** What a service has answered, and when, by its own clock. */
interface Answered {
  readonly value: object
  readonly at: number
}

/** What is added to the command of a read sees the head of an answer, as with the SDK. */
async function throughMiddleware(command: unknown, { value, at }: Answered): Promise<object> {
  if (!(command instanceof GetRecordsCommand)) return value
  const date = new Date(BEGINNING + at).toUTCString()
  // What the simulated stream answers is as the SDK gives it.
  const output = value as GetRecordsCommandOutput
  const answer = async () => ({ response: { headers: { date } }, output })
  return (await command.middlewareStack.resolve(answer, {})({ input: command.input })).output
}

const REPEATED = new Set([
  ...['TimeoutError', 'ThrottlingException', 'LimitExceededException'],
  'ProvisionedThroughputExceededException',
])

function isRepeated(error: unknown): boolean {
  return error instanceof Error && REPEATED.has(error.name)
}

function sendOnce(wire: Wire, command: unknown, signal: AbortSignal | undefined): Promise<Answered> {
  const { universe, process, chance, weather, timeout, answer, arrived } = wire
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted())
    const late =
      timeout === undefined ? undefined : universe.plan(timeout, () => settle(reject, timedOut()), process)
    const abort = () => {
      settle(reject, aborted())
    }
    signal?.addEventListener('abort', abort)

    function settle<T>(how: (what: T) => void, what: T): void {
      signal?.removeEventListener('abort', abort)
      if (late !== undefined) late.run = undefined
      how(what)
    }

    // The request is under way whatever becomes of its sender.
    const there = latency(chance)
    const { cut, throttled } = weather()
    if (cut) return
    universe.plan(there, () => {
      const arrival = throttled > 0 && chance.oneIn(throttled) ? throttling : () => answer(command)
      const outcome = outcomeOf(arrival)
      const at = universe.now
      if (outcome === undefined) return
      const { cut, lostAnswers } = weather()
      if (cut || (lostAnswers > 0 && chance.oneIn(lostAnswers))) return
      universe.plan(
        latency(chance),
        () => {
          if (late?.run === undefined && late !== undefined) return
          if (signal?.aborted) return
          if ('error' in outcome) return settle(reject, outcome.error)
          arrived?.(command, outcome.value)
          settle(resolve, { value: outcome.value, at })
        },
        process,
      )
    })
  })
}

function throttling(): never {
  throw refusal('ThrottlingException')
}

function outcomeOf(
  answer: () => object | undefined,
): { readonly value: object } | { readonly error: unknown } | undefined {
  try {
    const value = answer()
    return value === undefined ? undefined : { value }
  } catch (error) {
    return { error }
  }
}

/** Mostly some milliseconds, now and then some hundreds, rarely seconds. */
function latency(chance: Chance): number {
  const base = 1 + chance.below(1_000) / 100
  if (chance.oneIn(500)) return base + chance.below(3_000)
  return chance.oneIn(40) ? base + chance.below(300) : base
}
