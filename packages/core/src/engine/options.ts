/** Owns the engine's options: one parse, all problems at once. */

import type { EventDef } from '../declare/event.ts'
import type { Reactor } from '../declare/reactor.ts'
import { milliseconds } from '../duration.ts'
import { LOGGER, loggerFor } from '../log/index.ts'
import { systemClock } from '../ports/index.ts'
import {
  bare,
  callable,
  called,
  check,
  count,
  duration,
  keyPart,
  like,
  list,
  port,
  record,
  required,
  type ShapesOf,
} from '../shapes.ts'
import type { Kind } from './kind.ts'
import { type Plans, planRoutes, unservedProblems } from './plan.ts'
import type { EngineOptions, ProcessAbout, Settings } from './settings.ts'
import type { Capability } from './stage.ts'
import { unfailingObserver } from './steps.ts'

/** What an engine is made of, beside its options. */
export interface Parts {
  readonly kinds: readonly Kind[]
  readonly capabilities: readonly Capability[]
}

const MIB = 1024 * 1024

export const REACTOR = like('a reactor (did you pass the function instead of its result?)', (reactor) =>
  Array.isArray(Object(reactor).routes),
)

export const ENGINE = {
  options: bare({
    application: required(keyPart(128)),
    reactors: required(list(REACTOR, 'at least one reactor', 1)),
    state: required(port('set', 'a StateStore, for instance dynamodbState(...), or memoryState() in tests')),
    deadLetters: port('put', 'a DeadLetters, for instance dynamodbDeadLetters(...)'),
    entities: port('read', 'an EntityReader'),
    events: port('put', 'an EventSink'),
    clock: port('now', 'a Clock'),
    random: callable,
    logger: LOGGER,
    concurrency: count(),
    middleware: list(callable),
    observe: callable,
    maxAhead: record({ records: count(), bytes: count(), age: duration('5m') }),
    maxRecordBytes: count(),
    maxPause: duration('5m'),
    maxClockSkew: duration('2s'),
    retention: duration('8d'),
  } satisfies ShapesOf<EngineOptions>),
}

/** @throws ConfigurationError that lists every problem */
export function parseOptions(
  options: EngineOptions,
  { kinds, capabilities }: Parts,
  about: ProcessAbout,
): Settings {
  // Set where all fits its shape; else `check` throws.
  let plans!: Plans
  check(called('application', options?.application), ENGINE, { options }, () => {
    const reactors: unknown = options?.reactors
    if (!Array.isArray(reactors) || !reactors.every(REACTOR.fits)) return []
    // Middleware that is no list of functions is told of by its shape.
    const around = Array.isArray(options.middleware) ? options.middleware : []
    plans = planRoutes(options.reactors, capabilities, around)
    return reactorProblems(options, plans, { kinds, capabilities })
  })
  const clock = options.clock ?? systemClock
  const process = processName()
  const logger = loggerFor(options.logger, { service: options.application, process, clock, ...about })
  return {
    // What is missing reads as undefined.
    ...(options as EngineOptions & Pick<Settings, 'deadLetters' | 'entities' | 'events'>),
    plans,
    process,
    clock,
    random: options.random ?? Math.random,
    logger,
    concurrency: options.concurrency ?? 16,
    maxAhead: {
      records: options.maxAhead?.records ?? 10_000,
      bytes: options.maxAhead?.bytes ?? 64 * MIB,
      age: milliseconds(options.maxAhead?.age ?? '5m'),
    },
    observe: options.observe && unfailingObserver(options.observe, logger),
    maxRecordBytes: options.maxRecordBytes ?? 10 * MIB,
    maxPause: milliseconds(options.maxPause ?? '5m'),
    maxClockSkew: milliseconds(options.maxClockSkew ?? '2s'),
    retention: milliseconds(options.retention ?? '8d'),
  }
}

function reactorProblems(
  options: EngineOptions,
  { routes, wants }: Plans,
  { kinds, capabilities }: Parts,
): string[] {
  const { reactors, deadLetters } = options
  const names = reactors.map((reactor) => reactor.name)
  const lettered = routes.filter(
    ({ whenExhausted }) => whenExhausted !== 'halt' && whenExhausted !== 'discard',
  )
  return [
    ...names.filter((name, i) => names.indexOf(name) < i).map((name) => calledAlike('reactors', name)),
    ...reactors
      .filter((reactor) => reactor.routes.length === 0)
      .map((reactor) => `reactor '${reactor.name}' has no route: expected at least one`),
    ...nameClashes(reactors, kinds).map((name) => calledAlike('different events', name)),
    ...(lettered.length > 0 && deadLetters === undefined
      ? [
          `'deadLetters' is missing, but ${lettered.length} route(s) can exhaust into it (first: ${lettered[0]?.key}): expected a DeadLetters, or 'halt' or 'discard' as 'whenExhausted'`,
        ]
      : []),
    ...unservedProblems(reactors, capabilities),
    ...routes.flatMap((plan) =>
      capabilities.flatMap((each) =>
        plan.capabilities.includes(each) ? (each.problems?.(plan, options) ?? []) : [],
      ),
    ),
    ...kinds.flatMap(
      (kind) => kind.problems?.({ routes, wants, application: options.application }, options) ?? [],
    ),
  ]
}

function calledAlike(what: string, name: string): string {
  return `two ${what} are called '${name}': expected a name for each`
}

/** Two definitions that share a name, which would make one of them mean the other's records. */
function nameClashes(reactors: readonly Reactor[], kinds: readonly Kind[]): string[] {
  const addressed = new Set(kinds.flatMap((kind) => (kind.addressed ? kind.spec : [])))
  const known = new Map<string, EventDef>()
  const clashes = new Set<string>()
  for (const def of reactors.flatMap((reactor) => reactor.routes.flatMap((route) => route.events))) {
    if (addressed.has(def.spec.kind)) continue
    const other = known.get(def.name)
    if (other !== undefined && other.spec !== def.spec) clashes.add(def.name)
    known.set(def.name, def)
  }
  return [...clashes]
}

/** Another for each engine of each process. It is no secret, and Node's own source of identities takes a while to load. */
function processName(): string {
  const part = () => Math.random().toString(36).slice(2, 12)
  return `${Date.now().toString(36)}-${part()}${part()}`
}
