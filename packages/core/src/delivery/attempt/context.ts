/** Owns what a handler gets beside its event. Whatever costs something is made when the handler looks at it. */

import { createHash } from 'node:crypto'
import type { Context, Publish } from '../../domain/handler.ts'
import { type Duration, milliseconds } from '../../duration.ts'
import { SpaceshipError } from '../../errors.ts'
import type { Logger } from '../../ports/index.ts'
import { encodePublished } from '../../wire/index.ts'
import { identityOf, type Subject } from '../match/index.ts'
import { loggerOfLevels } from '../observe.ts'
import type { RoutePlan } from '../plan.ts'
import type { Surroundings } from './attempt.ts'
import type { Claim } from './claim.ts'
import type { Run } from './deadlines.ts'

/** A class for its accessors on the prototype: one is made for each attempt, and most handlers look at nothing. */
export class HandlerContext implements Context {
  readonly #run: Run
  readonly #plan: RoutePlan
  readonly #subject: Subject
  readonly #around: Surroundings
  readonly #claim: Claim | undefined
  readonly attempt: number
  #published = 0

  constructor(
    run: Run,
    task: { readonly plan: RoutePlan; readonly attempts: number },
    subject: Subject,
    around: Surroundings,
    claim: Claim | undefined,
  ) {
    this.#run = run
    this.#plan = task.plan
    this.#subject = subject
    this.#around = around
    this.#claim = claim
    this.attempt = task.attempts + 1
  }

  get signal(): AbortSignal {
    return signalOf(this.#run, this.#around)
  }

  get deadline(): Date {
    return new Date(this.#run.deadline)
  }

  get reactor(): string {
    return this.#plan.reactor
  }

  get route(): string {
    return this.#plan.route
  }

  get log(): Logger {
    return loggerOf(this.#around.settings.logger, this.#plan)
  }

  // Closures, so that a handler may take them out of its context.
  get publish(): Publish {
    const { settings, place } = this.#around
    return async (event, payload) => {
      if (settings.events === undefined)
        throw new SpaceshipError(
          'no-events',
          "publish needs a stream: pass 'events', for instance kinesisSink(...), to the runtime",
        )
      // Route, event and ordinal name the publication, so that a retry repeats it under the same id.
      const name = `${this.#plan.key}\0${identityOf(this.#subject)}\0${this.#published++}`
      const id = createHash('sha256').update(name).digest('base64url')
      const about = { id, source: place.application, time: new Date(settings.clock.now()) }
      await settings.events.put([await encodePublished(event, payload, about)], this.signal)
    }
  }

  get extend(): (by: Duration) => Promise<Date> {
    return async (by) => {
      const { settings, deadlines, hardEnd, isHeld } = this.#around
      const run = this.#run
      const tooLate = () =>
        new SpaceshipError('deadline', `the attempt of ${this.#plan.key} passed its deadline: stop`)
      if (run.aborted) throw tooLate()
      const deadline = Math.min(Math.max(run.deadline, settings.clock.now() + milliseconds(by)), hardEnd)
      if (this.#claim !== undefined && !(isHeld() && (await this.#claim.extend(deadline))))
        throw new SpaceshipError('claim-lost', `another owner has taken the claim of ${this.#plan.key}: stop`)
      // It may have passed while the store was asked.
      if (run.aborted) throw tooLate()
      deadlines.extend(run, deadline)
      return new Date(deadline)
    }
  }
}

export function signalOf(run: Run, { stopped }: Surroundings): AbortSignal {
  if (run.signal === undefined) {
    run.signal = new AbortController()
    if (run.aborted || stopped.aborted) run.signal.abort(stopped.reason)
  }
  return run.signal.signal
}

export function loggerOf(logger: Logger, { reactor, route }: RoutePlan): Logger {
  return loggerOfLevels((level) => (message, more) => logger[level](message, { reactor, route, ...more }))
}
