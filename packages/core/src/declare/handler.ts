import type { Duration } from '../duration.ts'
import type { Logger } from '../ports/logger.ts'
import { bare, callable, check, choice, list, record, required, type ShapesOf, text } from '../shapes.ts'
import type { EventMeta } from './event.ts'
import type { PublishedEvent } from './published.ts'

/**
 * How repeats of a route are prevented.
 *
 * | effect       | costs                          | repeats                                                         |
 * |--------------|--------------------------------|-----------------------------------------------------------------|
 * | `idempotent` | nothing                        | harmless: the target overwrites by version                      |
 * | `journal`    | no write per record            | only what an unclean death left unwritten                       |
 * | `claim`      | two writes per record          | only if an attempt ended without a known result; producers' repeats are caught too |
 */
export type Effect = (typeof EFFECTS)[number]

// Listed, so that the type checker prints the words and not the name.
export const EFFECTS = ['idempotent', 'journal', 'claim'] as const

/** Actions of a service on AWS, and on what. */
export interface Grant {
  /** As its actions begin: `states`. */
  readonly service: string
  /** `states:StartExecution` */
  readonly actions: readonly string[]
  /** ARNs; of OpenSearch paths of the domain, which the handler's client knows: `/clients-*`. */
  readonly resources: readonly string[]
}

/** What a handler touches, as data: infrastructure derives permissions from it, the console draws a map. */
export interface Need {
  readonly verb: string
  readonly target: string
  /** What must be up, as `Unavailable` names it: while it is down, all routes that need it wait. @default learned from the first outage */
  readonly dependency?: string
  /** Of a reminder: the application that is to handle it. @default the one that runs the handler */
  readonly application?: string
  /** What a role must be granted. @default nothing on AWS, or nothing that is known */
  readonly grants?: readonly Grant[]
  /** Addresses outside of AWS's APIs that must be reached. @default none that are known */
  readonly endpoints?: readonly string[]
  /** Names of secrets, never their values. @default none */
  readonly secrets?: readonly string[]
}

/** What a handler gets beside its event. */
export interface Context {
  /** Aborted when the deadline passes or the shard is lost. Hand it to every call. */
  readonly signal: AbortSignal
  readonly deadline: Date
  /** 1 for the first attempt of this route at this record; survives a change of process. */
  readonly attempt: number
  readonly log: Logger
  /**
   * For work that takes longer than it looked: moves the deadline, and the claim's lease with it, to at least `by` from now;
   * never past the end of the invocation.
   *
   * @returns the deadline that holds now
   * @throws SpaceshipError `deadline` if it has passed, `claim-lost` if another owner has taken the claim: stop
   */
  readonly extend: (by: Duration) => Promise<Date>
  /**
   * Publishes an event. Its id is made of this route and its event, and of the name and the key of what is published, so that a retry publishes the
   * same event again. Several of one name and key are told apart by their order: publish these in the same order on each attempt, or give each an `id`.
   * Whoever knows ids takes what a retry publishes in the place of another for a repeat of that, and passes it over. The attempt waits for what its
   * handler does not await, and fails with it.
   */
  readonly publish: Publish
  readonly reactor: string
  readonly route: string
}

/**
 * @throws SpaceshipError `schema` if the payload does not fit the event's schema
 * @throws ConfigurationError for what is no event, or an empty id
 */
export type Publish = <Payload, Input, N extends string>(
  event: PublishedEvent<Payload, Input, N>,
  payload: Input,
  options?: {
    /**
     * Names the fact among all that the application publishes: publishing it twice under one id is one event.
     *
     * @default made of the route, its event, the name and key of what is published, and how many of these the attempt has published before
     */
    readonly id?: string
  },
) => Promise<void>

/** What a batch handler gets beside its events: their attempts differ, so the rest of {@link Context} has no meaning here. */
export type BatchContext = Pick<Context, 'signal' | 'deadline' | 'log' | 'reactor' | 'route'>

/** What the engine knows of a batch handler. */
export interface Batching {
  readonly size: number
  readonly bytes: number
  readonly within: number
  readonly handle: (events: readonly never[], context: BatchContext) => unknown
}

/**
 * Does something about an event. Returning means done, `skip('why')` done without an effect; throwing asks for another
 * attempt (see `verdicts.ts` for the errors that say more).
 */
export interface Handler<in E> {
  (event: E, context: Context): unknown
  readonly effect?: Effect
  readonly needs?: readonly Need[]
  /** Asks once at the start of a process for what the handler's own adapters will need, as a port's `check` does. @default nothing */
  readonly check?: () => Promise<unknown>
  /** Set by `batch()`. */
  readonly batching?: Batching
}

/**
 * Wraps one attempt of a handler: for traces, logs, a transaction. It can neither reorder nor repeat anything; what it throws
 * is judged as if the handler had thrown it, and so is what the handler threw if nobody waits for `next`. What it returns is the answer; if it returns
 * nothing, the handler's answer is, and without a call of `next` the event is skipped.
 *
 * @example
 * const timed: Middleware = async (event, context, next) => {
 *   const start = performance.now()
 *   try {
 *     return await next()
 *   } finally {
 *     context.log.info('handled', { event: event.name, ms: performance.now() - start })
 *   }
 * }
 */
export type Middleware = (event: EventMeta, context: Context, next: () => Promise<unknown>) => unknown

export const MARKS = {
  effect: choice(...EFFECTS),
  needs: list(
    record({
      verb: required(text()),
      target: required(text()),
      dependency: text(),
      application: text(),
      grants: list(
        record({
          service: required(text()),
          actions: required(list(text(), 'a list of actions')),
          resources: required(list(text(), 'a list of ARNs or paths')),
        } satisfies ShapesOf<Grant>),
        'a list of { service, actions, resources }',
      ),
      endpoints: list(text(), 'a list of URLs'),
      secrets: list(text(), 'a list of names'),
    } satisfies ShapesOf<Need>),
    'a list of { verb, target }',
  ),
  check: callable,
}

export const HANDLER = { about: bare(MARKS), handle: required(callable) }

/**
 * Marks a function as a handler with its effect and needs: how handler factories are written.
 *
 * @throws ConfigurationError if that is no function
 * @example
 * const page = <E>(text: (event: E) => string) =>
 *   handler<E>({ effect: 'claim', needs: [{ verb: 'pages', target: 'on-call' }] }, (event) => pager.send(text(event)))
 */
export function handler<E>(
  about: Pick<Handler<E>, 'effect' | 'needs' | 'check'>,
  handle: (event: E, context: Context) => unknown,
): Handler<E> {
  check('handler', HANDLER, { about, handle })
  return Object.assign((event: E, context: Context) => handle(event, context), about)
}

const skipped = Symbol.for('spaceship.skip')

/** A handler's answer: looked at, nothing to do. */
export interface Skip {
  readonly [skipped]: true
  readonly reason: string
}

/**
 * Return this from a handler that had nothing to do; skips are counted apart from effects.
 *
 * @example
 * return skip('already on the paid plan')
 */
export function skip(reason: string): Skip {
  return { [skipped]: true, reason }
}

export function isSkip(value: unknown): value is Skip {
  try {
    return typeof value === 'object' && value !== null && skipped in value
  } catch {
    // A proxy may refuse to tell.
    return false
  }
}
