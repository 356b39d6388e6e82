import { codeOf, type Reactor } from '@spaceship/core'
import { bare, callable, check } from '@spaceship/core/adapter'
import { createEngine, type Engine, type EngineOptions } from '@spaceship/core/engine'
import { systemClock } from '@spaceship/core/ports'
import { batchOf, type KinesisBatchResponse, type KinesisEvent, responseOf } from './event.ts'

/** What of Lambda's context is used. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number
}

export interface LambdaOptions extends Omit<EngineOptions, 'reactors'> {
  /**
   * Ends the process when a handler of an earlier invocation ignored its signal and still runs: Lambda then starts another
   * environment, and the batch comes again.
   * @default process.exit
   */
  readonly exit?: (code: number) => void
}

export type KinesisHandler = (event: KinesisEvent, context: LambdaContext) => Promise<KinesisBatchResponse>

type Reactors = Reactor | readonly Reactor[]

/** Kept back from the invocation's end, to write the journal and to answer. */
const RESERVE = 500

/** How long before that no handler is started and running ones are told to stop, at most and as a share of what is left. */
const MARGIN = { longest: 2_000, share: 0.25 }

/** The engine asks for the shapes of its own options. */
export const LAMBDA = { options: bare({ exit: callable }) }

/**
 * A Lambda handler for a Kinesis event source mapping with `ReportBatchItemFailures`.
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
  check('lambda', LAMBDA, { options })
  // Options that are missing are the engine's to refuse.
  const { clock = systemClock, exit = process.exit } = options ?? {}
  let ready = typeof reactors === 'function' ? undefined : Promise.resolve(engineOf(reactors, options))

  function engine(): Promise<Engine> {
    ready ??= build()
    return ready
  }

  async function build(): Promise<Engine> {
    try {
      return engineOf(typeof reactors === 'function' ? await reactors() : reactors, options)
    } catch (error) {
      ready = undefined
      throw error
    }
  }

  // Started in the init; its error is the invocation's to report.
  engine().catch(() => {})

  return async (event, context) => {
    const batch = batchOf(event)
    if (batch === undefined) return responseOf([])
    const { stream, shard, records } = batch
    const started = await engine()
    const left = context.getRemainingTimeInMillis()
    const hardEnd = clock.now() + Math.max(0, left - RESERVE)
    const softEnd = hardEnd - Math.min(MARGIN.longest, left * MARGIN.share)
    const source = { stream, shard, redelivers: 'suffix' } as const
    const delivery = await started.open(source, { hardEnd: new Date(hardEnd) }).catch((error) => {
      // The environment is frozen, not killed: what still runs in it would act after newer records.
      if (codeOf(error) === 'tainted') exit(1)
      throw error
    })
    // Not awaited first: a batch that is stuck above the engine's bounds must still be settled in time.
    const pushed = delivery.push(records)
    // Its error is the invocation's, once what was taken has settled.
    pushed.catch(() => {})
    const unfinished = await delivery.settle(new Date(softEnd))
    await pushed
    return responseOf(unfinished)
  }
}

function engineOf(reactors: Reactors, options: LambdaOptions): Engine {
  return createEngine({ ...options, reactors: isList(reactors) ? reactors : [reactors] })
}

/** Array.isArray does not narrow a readonly array. */
function isList(reactors: Reactors): reactors is readonly Reactor[] {
  return Array.isArray(reactors)
}
