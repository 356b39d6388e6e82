/** Owns what the harness asks of its arguments: the shapes of each of its methods. */

import {
  bare,
  callable,
  choice,
  date,
  duration,
  like,
  plain,
  record,
  required,
  type ShapesOf,
  text,
} from '../adapter.ts'
import { CRASH_POINTS } from './crash.ts'
import { AGAIN } from './stream.ts'
import type { HarnessOptions } from './surface.ts'

const any = like('any value', () => true)
const milliseconds = plain('milliseconds, 0 or more', (ms) => typeof ms === 'number' && ms >= 0)

const entity = required(like('what entity() made', (given) => Array.isArray(Object(given).spec?.key)))

export const HARNESS = {
  make: required({ ...callable, expected: 'a function that makes the reactors: harness(() => greeter)' }),
  // The engine asks for the shapes of its own.
  options: bare({
    application: any,
    start: date,
    failover: duration('10s'),
    patience: milliseconds,
    concurrency: any,
    logger: any,
    maxAhead: any,
    maxClockSkew: any,
    maxPause: any,
    maxRecordBytes: any,
    middleware: any,
    observe: callable,
    random: any,
    retention: any,
  } satisfies ShapesOf<HarnessOptions>),
}

/** Of the arguments of the methods, by their names. */
export const METHODS = {
  put: { entity, item: required(record({})) },
  update: { entity, key: any, changes: required(record({})) },
  remove: { entity, key: any, options: bare({ by: choice('user', 'ttl') }) },
  expire: { entity, key: any },
  publish: { event: any, payload: any, options: bare({ id: text() }) },
  deliver: {
    data: required(like('bytes, or a value as JSON', (data) => typeof data !== 'function')),
  },
  redeliver: { options: bare({ as: choice(...AGAIN) }) },
  shuffle: { writes: required(callable), options: bare({ seed: plain('a number', Number.isFinite) }) },
  crash: { at: required(choice(...CRASH_POINTS)) },
  expect: { route: any, expected: bare({}) },
} as const
