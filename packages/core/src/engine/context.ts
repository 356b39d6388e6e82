/** Owns what a handler gets beside its event. Whatever costs something is made when the handler looks at it. */

import type { Context, Publish } from '../declare/handler.ts'
import { type Duration, milliseconds } from '../duration.ts'
import { SpaceshipError } from '../errors.ts'
import { type Log, type LogFields, loggerOfLevels } from '../log/index.ts'
import type { Logger } from '../ports/index.ts'
import { sha256 } from '../wire/digest.ts'
import { encodePublished } from '../wire/index.ts'
import type { Attempt } from './attempt.ts'
import { eventFields, taskFields } from './telling.ts'

/** A class for its accessors on the prototype: one is made for each attempt, and most handlers look at nothing. */
export class HandlerContext implements Context {
  readonly #attempt: Attempt
  readonly attempt: number
  #published: Map<string, number> | undefined
  #encoding: Promise<unknown> | undefined

  constructor(attempt: Attempt) {
    this.#attempt = attempt
    this.attempt = attempt.task.attempts + 1
  }

  get signal(): AbortSignal {
    return this.#attempt.signal()
  }

  get deadline(): Date {
    return new Date(this.#attempt.wallDeadline)
  }

  get reactor(): string {
    return this.#attempt.plan.reactor
  }

  get route(): string {
    return this.#attempt.plan.route
  }

  get log(): Logger {
    const { task, scope, plan, content } = this.#attempt
    const known = { ...taskFields(task, scope.place), attempt: this.attempt }
    return loggerOfHandler(scope.settings.logger, (level) =>
      level === 'debug' ? known : { ...known, ...eventFields(content, plan, scope.settings.plans) },
    )
  }

  // Closures, so that a handler may take them out of its context.
  get publish(): Publish {
    const { scope, plan, content } = this.#attempt
    const { settings, place } = scope
    const put = async (...[event, payload, options]: Parameters<Publish>) => {
      if (settings.events === undefined)
        throw new SpaceshipError(
          'no-events',
          "publish needs a stream: pass 'events', for instance kinesisSink(...), to the runtime",
        )
      const trace = settings.events.trace?.() ?? Object(content.event).trace
      const about = {
        id:
          options?.id ??
          ((key: string) => {
            // An order that changes from attempt to attempt, as of what is fetched at once, changes the ids of equal names and keys alone.
            const named = JSON.stringify([plan.key, content.identity(), event.name, key])
            this.#published ??= new Map()
            const all = this.#published
            const before = all.get(named) ?? 0
            all.set(named, before + 1)
            return sha256(named + before)
          }),
        source: place.application,
        time: new Date(settings.clock.now()),
        trace,
      }
      // One after the other: a validation may take longer than the next one, and ordinals are those of the calls.
      const encoding = Promise.resolve(this.#encoding).then(() => encodePublished(event, payload, about))
      this.#encoding = encoding.catch(() => {})
      await settings.events.put([await encoding], this.signal)
    }
    return (event, payload, options) => this.#attempt.begin(put(event, payload, options))
  }

  get extend(): (by: Duration) => Promise<Date> {
    return (by) => this.#attempt.begin(this.#attempt.extend(milliseconds(by)))
  }
}

/** What a handler logs, beside what is known of its attempt. */
export function loggerOfHandler(logger: Log, known: (level: keyof Logger) => LogFields): Logger {
  // Every field is taken: what is none of the set stands under `details`.
  const open = logger as Logger
  return loggerOfLevels((level) => (message, more) => open[level](message, { ...more, ...known(level) }))
}
