import { codeOf, type Reactor, SpaceshipError } from '@spaceship/core'
import { bare, callable, check, refuse, setUpOf, unknownProblems } from '@spaceship/core/adapter'
import { createEngine, ENGINE_OPTIONS, type Engine, type EngineOptions } from '@spaceship/core/engine'
import type { Log, LogFields } from '@spaceship/core/log'
import { systemClock } from '@spaceship/core/ports'
import {
  batchOf,
  type KinesisBatchResponse,
  type KinesisEvent,
  responseOf,
  type ShardBatch,
} from './event.ts'
import { type DirectInvocation, invocationOf, unfinishedInvocation } from './invocation.ts'

/** What of Lambda's context is used. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number
  /** Names the invocation in its log lines. */
  readonly awsRequestId?: string
  /** Where the function is traced. */
  readonly xRayTraceId?: string
}

export interface LambdaOptions extends Omit<EngineOptions, 'reactors'> {
  /**
   * Ends the process when a handler of an earlier invocation ignored its signal and still runs: Lambda then starts another
   * environment, and the batch comes again.
   * @default process.exit
   */
  readonly exit?: (code: number) => void
}

/** @throws SpaceshipError `unfinished` for an envelope that is not handled yet */
export type KinesisHandler = (
  event: KinesisEvent | DirectInvocation,
  context: LambdaContext,
) => Promise<KinesisBatchResponse>

type Reactors = Reactor | readonly Reactor[]

/**
 * How an invocation's time is spent, in milliseconds at most and as a share of what is left when it begins, so that Lambda's default
 * timeout of 3 s works as well:
 *
 * ```
 *  handlers start ─────────────────> soft end ── signals aborted, handlers settle, journal ──> hard end ── answer ──> Lambda's end
 *                                   └───────────────── margin ──────────────────────────────┘ └─ reserve ─┘
 * ```
 */
const MARGIN = { longest: 2_000, share: 0.3 }
const RESERVE = { longest: 500, share: 0.1 }

/** How long the first invocation waits for the answers of its checks. */
const CHECK = { longest: 3_000, share: 0.2 }

/** With less than this an invocation is told of as too short; with less than the other nothing can be run in it. */
const SHORT = 1_000
const LEAST = 250

/** The engine asks for the shapes of its own options. */
export const LAMBDA = { options: bare({ exit: callable }) }

/**
 * A Lambda handler for a Kinesis event source mapping with `ReportBatchItemFailures`. It also takes a due reminder or a tick as the event
 * itself, from a state machine or a schedule whose target it is: it resolves once that is handled, and rejects with `Unfinished` where it has
 * to come again.
 *
 * Reactors that need asynchronous set-up (secrets, clients) come from a function: it runs once, during the init of the
 * environment; if it fails, the invocation fails with its error and the next one tries again.
 *
 * @throws ConfigurationError that lists every problem: at once for reactors, from the invocation for a function
 * @example
 * export const handler = lambda(async () => [onboarding(await deps())], { application: 'onboarding', state, deadLetters })
 */
export function lambda(
  reactors: Reactors | (() => Reactors | Promise<Reactors>),
  options: LambdaOptions,
): KinesisHandler {
  check('lambda', LAMBDA, { options }, () =>
    unknownProblems(bare({ ...ENGINE_OPTIONS, ...LAMBDA.options.fields }), options),
  )
  // Options that are missing are the engine's to refuse.
  const { clock = systemClock, exit = process.exit } = options ?? {}
  // An environment has one invocation at a time.
  let invocation: LogFields = {}
  let isTold = false
  let isChecked = false
  let ready = typeof reactors === 'function' ? undefined : Promise.resolve(engineOf(reactors))

  function engineOf(list: Reactors): Engine {
    return createEngine({ ...options, reactors: isList(list) ? list : [list] }, { context: () => invocation })
  }

  function engine(): Promise<Engine> {
    ready ??= build()
    return ready
  }

  async function build(): Promise<Engine> {
    try {
      return engineOf(typeof reactors === 'function' ? await reactors() : reactors)
    } catch (error) {
      ready = undefined
      throw error
    }
  }

  /**
   * Asks the ports in the first invocation, and again until their set-up is right. What is down is the engine's to wait for.
   *
   * @throws ConfigurationError that lists what somebody has to mend
   */
  async function checkOnce(started: Engine, patience: number): Promise<void> {
    if (isChecked) return
    const over = new AbortController()
    const late = clock.sleep(patience, over.signal).then(() => undefined)
    const found = await Promise.race([started.check(), late])
    over.abort()
    if (found === undefined) {
      const advice = "look at the endpoints, the Region and the network of the stores' clients"
      started.logger.warn('the function waits for an answer of its stores', {
        details: { advice, waitedMs: patience },
      })
      return
    }
    for (const note of new Set(found.notes)) started.logger.warn(note)
    refuse(`the function of '${started.application}' cannot start`, found.problems)
    isChecked = true
  }

  /** In the first invocation, so that the init does not wait for it. */
  function tellOfStart({ logger, routes }: Engine): void {
    if (!isTold) logger.info('function started', { details: { routes: routes.map(({ key }) => key) } })
    isTold = true
  }

  /** @throws SpaceshipError `no-time` if nothing can be run: an answer would only bring the batch back at once */
  function tellOfShortTime(log: Log, left: number, records: number): void {
    const advice = `the invocation has ${Math.round(left)} ms left: raise the function's timeout (at least 10 s), or shorten its init`
    log[left < LEAST ? 'error' : 'warn'](advice, { details: { records } })
    if (left < LEAST) throw new SpaceshipError('no-time', advice)
  }

  // Started in the init; its error is the invocation's to report.
  engine().catch(() => {})

  /** @returns what is unfinished */
  async function handled({ stream, shard, records }: ShardBatch, context: LambdaContext) {
    const started = await engine()
    tellOfStart(started)
    const left = context.getRemainingTimeInMillis()
    if (left < SHORT) tellOfShortTime(started.logger, left, records.length)
    const hardEnd = clock.now() + left - Math.min(RESERVE.longest, left * RESERVE.share)
    const softEnd = hardEnd - Math.min(MARGIN.longest, left * MARGIN.share)
    const source = { stream, shard, redelivers: 'suffix' } as const
    // Beside the read of the journal, so that the first invocation does not wait for it.
    const usable = checkOnce(started, Math.min(CHECK.longest, left * CHECK.share))
    // It may reject while the journal is still read; it is awaited below in every case.
    usable.catch(() => {})
    const opening = started.open(source, { hardEnd: new Date(hardEnd) })
    const delivery = await opening.catch(async (error) => {
      // The environment is frozen, not killed: what still runs in it would act after newer records.
      if (codeOf(error) === 'tainted') exit(1)
      // A wrong set-up is told whole, not by what failed first.
      await usable
      throw error
    })
    await usable.catch((error) => {
      delivery.revoke(error)
      throw error
    })
    // Not awaited first: a batch that is stuck above the engine's bounds must still be settled in time.
    const pushed = delivery.push(records)
    // Its error is the invocation's, once what was taken has settled.
    pushed.catch(() => {})
    const unfinished = await delivery.settle(new Date(softEnd))
    await pushed
    return unfinished
  }

  return async (event, context) => {
    const { awsRequestId: requestId, xRayTraceId: traceId } = context
    invocation = { requestId, traceId }
    const direct = invocationOf(event, clock.now(), options.application)
    // What is no envelope is refused here, with what is expected.
    const batch = direct ?? batchOf(event as KinesisEvent)
    if (batch === undefined) return responseOf([])
    try {
      const unfinished = await handled(batch, context)
      if (direct === undefined || unfinished.length === 0) return responseOf(unfinished)
    } catch (error) {
      // What is down passes by itself: a state machine asks for a day, and not for some minutes as after other errors.
      if (direct === undefined || codeOf(error) !== 'unavailable' || setUpOf(error)) throw error
      throw unfinishedInvocation({ cause: error })
    }
    throw unfinishedInvocation()
  }
}

/** Array.isArray does not narrow a readonly array. */
function isList(reactors: Reactors): reactors is readonly Reactor[] {
  return Array.isArray(reactors)
}
