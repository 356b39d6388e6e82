/** Owns what a handler gets beside its event. Signal and timer are made only for a handler that looks at the signal. */

import { createHash } from 'node:crypto'
import type { Context } from '../domain/handler.ts'
import { SpaceshipError } from '../errors.ts'
import type { Logger } from '../ports/index.ts'
import { encodePublished } from '../wire/index.ts'
import type { Task } from './attempt.ts'
import type { Settings } from './configuration.ts'
import type { Place } from './match.ts'

interface Scope {
  readonly context: Context
  /** Ends the timer of the deadline. */
  close(): void
}

interface Making {
  readonly task: Task
  readonly settings: Settings
  readonly place: Place
  readonly deadline: number
  readonly stopped: AbortSignal
}

export function contextOf({ task, settings, place, deadline, stopped }: Making): Scope {
  const { plan, share, identity } = task
  const closed = new AbortController()
  let signal: AbortSignal | undefined
  let published = 0

  function watch(): AbortSignal {
    const expired = new AbortController()
    void settings.clock.sleep(Math.max(0, deadline - settings.clock.now()), closed.signal).then(() => {
      if (!closed.signal.aborted)
        expired.abort(new SpaceshipError('deadline', `the attempt of ${plan.key} passed its deadline`))
    })
    return AbortSignal.any([expired.signal, stopped])
  }

  const context: Context = {
    get signal() {
      signal ??= watch()
      return signal
    },
    deadline: new Date(deadline),
    attempt: share.attempts + 1,
    log: withFields(settings.logger, { reactor: plan.reactor, route: plan.route }),
    publish: async (event, payload) => {
      if (settings.events === undefined)
        throw new SpaceshipError(
          'no-events',
          "publish needs a stream: pass 'events', for instance kinesisSink(...), to the runtime",
        )
      // Route, event and ordinal name the publication, so that a retry repeats it under the same id.
      const id = createHash('sha256').update(`${plan.key}\0${identity()}\0${published++}`).digest('base64url')
      const record = await encodePublished(event, payload, {
        id,
        source: place.application,
        time: new Date(settings.clock.now()),
      })
      await settings.events.put([record], context.signal)
    },
    reactor: plan.reactor,
    route: plan.route,
  }
  return { context, close: () => closed.abort() }
}

function withFields(logger: Logger, fields: Readonly<Record<string, unknown>>): Logger {
  const at =
    (level: keyof Logger): Logger['info'] =>
    (message, more) =>
      logger[level](message, { ...fields, ...more })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
