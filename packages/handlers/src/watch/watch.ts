/**
 * Owns watches: handlers for ticks that measure each window once, and tell when the measure becomes too high, and when that is over.
 *
 * ```
 *  tick ─> read the item ─> [an alert waits] tell it, take it out ─┐
 *               ▲                                                  │
 *               └──────────────────────────────────────────────────┤
 *               │ [the window was looked at] skip                  │
 *               └─> measure ─> decide ─> write the item ───────────┘ until nothing waits
 * ```
 */

import {
  type Context,
  type Duration,
  type Handler,
  handler,
  Permanent,
  skip,
  type Tick,
} from '@spaceship/core'
import {
  callable,
  check,
  choice,
  closed,
  duration,
  milliseconds,
  plain,
  port,
  required,
  type ShapesOf,
  text,
  watchKey,
} from '@spaceship/core/adapter'
import type { StateStore } from '@spaceship/core/ports'
import type { WatchAlert } from './alert.ts'
import { decide, type Rules } from './decide.ts'
import { itemIn, stateOf } from './item.ts'

/** What `measure` and `alert` get beside their subject. */
export type Watched = Pick<Context, 'signal' | 'deadline' | 'log' | 'reactor' | 'route'>

export interface WatchOptions {
  /** The application, as the runtime is given it: it scopes the watch's item. */
  readonly application: string
  /** Where the watch keeps one item for its route: the application's own store. */
  readonly state: StateStore
  /**
   * The value of one window. Undefined means that there is no data, which is not 0. What it throws is judged as of every handler: with
   * `Unavailable` the window waits until the dependency is back, and nothing is decided meanwhile.
   */
  readonly measure: (tick: Tick, watched: Watched) => number | undefined | Promise<number | undefined>
  /** Fires while the value is greater than this number. Give this or `when`. */
  readonly above?: number
  /** Fires while this answers true. Give this or `above`. */
  readonly when?: (value: number) => boolean
  /**
   * What a window without data means: `'keep'` leaves everything as it is, `'alert'` tells it as `no-data`, `'recover'` takes it for quiet.
   *
   * @default 'keep'
   */
  readonly onNoData?: 'keep' | 'alert' | 'recover'
  /** Tells it again after so long while it lasts, counted by the windows' ends. @default never */
  readonly realert?: Duration
  /** Tells somebody. Once for each change, and again only if an attempt ended before the watch knew that somebody was told. */
  readonly alert: (alert: WatchAlert, watched: Watched) => unknown
}

export const WATCH = {
  options: closed({
    application: required(text('the name of the application')),
    state: required(port('set', "the application's StateStore")),
    measure: required(callable),
    alert: required(callable),
    above: plain('a number', Number.isFinite),
    when: callable,
    onNoData: choice('keep', 'alert', 'recover'),
    realert: duration('1h', 1),
  } satisfies ShapesOf<WatchOptions>),
}

/**
 * A handler for `reactor.every(...)` that watches a measure.
 *
 * Each window is looked at once; one that is repeated, or comes after a later one, changes nothing. An alert that was decided is told before
 * the next window is looked at, also if a process died or Slack was down in between; it comes again, with the same `id`, only where an
 * attempt ended between telling it and writing that down. The effect is `claim`, so that no two processes tell it at the same time.
 *
 * A route that is renamed begins anew: what fires then is told once more.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const queueWatch = watch({
 *   application: 'shop',
 *   state: memoryState(),
 *   measure: async () => 3,
 *   above: 100,
 *   alert: ({ status, value }) => console.log(status, value),
 * })
 * reactor('queues').every('depth', { each: '5m', delay: '30s' }, queueWatch)
 */
export function watch(options: WatchOptions): Handler<Tick> {
  check('watch', WATCH, { options }, () => problemsBetween(options))
  const { application, state, measure, alert } = options
  const rules = rulesOf(options)

  return handler({ effect: 'claim' }, async (tick: Tick, context) => {
    const key = watchKey(application, `${context.reactor}/${context.route}`)
    const once = onlyOnce(async () => valueFrom(await measure(tick, context)))
    let found = await state.get(key)
    let acted = false
    for (;;) {
      const item = found === undefined ? undefined : itemIn(found.value)
      const waiting = item?.pending
      if (item !== undefined && waiting === undefined && item.standing.to >= tick.to.getTime())
        return acted ? undefined : skip('its window was looked at before')
      if (waiting !== undefined) await alert(waiting, context)
      const next =
        item !== undefined && waiting !== undefined
          ? { ...item, pending: undefined }
          : decide(item?.standing, tick, await once(), rules)
      // What was told is written down though the attempt has ended meanwhile, or it is told again; a later owner's write goes before.
      if (waiting === undefined) context.signal.throwIfAborted()
      const value = stateOf(next)
      const answer = await state.set(key, value, { expect: found?.version })
      // Somebody else was faster: what he has written is looked at.
      found = answer.ok ? { value, version: answer.version } : answer.current
      acted ||= answer.ok
    }
  })
}

function rulesOf({ above = 0, when, onNoData = 'keep', realert }: WatchOptions): Rules {
  return {
    isHigh: when ?? ((value) => value > above),
    onNoData,
    realert: realert === undefined ? Number.POSITIVE_INFINITY : milliseconds(realert),
  }
}

function problemsBetween(options: unknown): string[] {
  const { above, when } = Object(options)
  if ((above === undefined) !== (when === undefined)) return []
  const one = "expected a number that is the highest quiet value, or a function that tells by 'when'"
  return [`'above' and 'when' are ${above === undefined ? 'missing' : 'given'}: ${one}`]
}

/** Who loses a race decides anew about the same value. */
function onlyOnce<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= work()
    return result
  }
}

function valueFrom(value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
  const given = typeof value === 'number' ? String(value) : typeof value
  throw new Permanent(
    `'measure' of a watch answered ${given}: expected a finite number, or undefined where there is no data`,
  )
}
