/** Owns the engine's options: one parse, all problems at once. */

import {
  callableProblems,
  countProblems,
  durationProblems,
  functionsProblems,
  keyProblems,
  optionsOf,
  shown,
} from '../configuration.ts'
import type { EventDef } from '../declare/event.ts'
import type { Reactor } from '../declare/reactor.ts'
import { milliseconds } from '../duration.ts'
import { refuse } from '../errors.ts'
import { silent, systemClock } from '../ports/index.ts'
import type { Kind } from './kind.ts'
import { planRoutes, unservedProblems } from './plan.ts'
import type { EngineOptions, Settings } from './settings.ts'
import type { Capability } from './stage.ts'
import { unfailing, unfailingLogger } from './steps.ts'

/** What an engine is made of, beside its options. */
export interface Parts {
  readonly kinds: readonly Kind[]
  readonly capabilities: readonly Capability[]
}

const MIB = 1024 * 1024

/** @throws ConfigurationError that lists every problem */
export function parseOptions(options: EngineOptions, { kinds, capabilities }: Parts): Settings {
  refuse(`application '${shown(options?.application)}'`, problemsOf(options, { kinds, capabilities }))
  const logger = unfailingLogger(options.logger ?? silent)
  const plans = planRoutes(options.reactors, capabilities, options.middleware)
  return {
    application: options.application,
    plans,
    process: processName(),
    state: options.state,
    deadLetters: options.deadLetters,
    entities: options.entities,
    events: options.events,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    logger,
    concurrency: options.concurrency ?? 16,
    maxAhead: {
      records: options.maxAhead?.records ?? 10_000,
      bytes: options.maxAhead?.bytes ?? 64 * MIB,
      age: milliseconds(options.maxAhead?.age ?? '5m'),
    },
    observe: options.observe && unfailing(options.observe, logger),
    maxRecordBytes: options.maxRecordBytes ?? 10 * MIB,
    maxPause: milliseconds(options.maxPause ?? '5m'),
    maxClockSkew: milliseconds(options.maxClockSkew ?? '2s'),
    retention: milliseconds(options.retention ?? '8d'),
  }
}

/** The ports and functions among the options, by a method that each has. */
const CALLED = {
  deadLetters: 'put',
  entities: 'read',
  events: 'put',
  clock: 'now',
  random: '',
  logger: 'error',
  observe: '',
}

function problemsOf(options: EngineOptions, parts: Parts): string[] {
  const problems: string[] = []
  const given = optionsOf(options, problems)
  const { application, concurrency, maxRecordBytes, maxClockSkew, retention, maxPause, reactors } = given
  const ahead = optionsOf(given.maxAhead, problems, "'maxAhead'")
  problems.push(...keyProblems("'application'", application, 128))
  if (typeof given.state?.set !== 'function')
    problems.push(
      "'state' is missing: pass a StateStore, for instance dynamodbState(...), or memoryState() in tests",
    )
  problems.push(
    ...callableProblems(given, CALLED),
    ...functionsProblems('middleware', given.middleware),
    ...countProblems({
      concurrency,
      'maxAhead.records': ahead.records,
      'maxAhead.bytes': ahead.bytes,
      maxRecordBytes,
    }),
    ...durationProblems({ maxClockSkew, retention, maxPause, 'maxAhead.age': ahead.age }, '2s'),
  )
  if (!Array.isArray(reactors) || reactors.length === 0)
    return [...problems, "'reactors' is empty: pass at least one reactor"]
  const none = reactors.filter((reactor) => !Array.isArray(reactor?.routes)).length
  if (none > 0)
    return [...problems, `${none} of the reactors are none: pass what reactor() returned, not a function`]
  return [...problems, ...reactorProblems(given, parts)]
}

function reactorProblems(options: EngineOptions, { kinds, capabilities }: Parts): string[] {
  const { reactors, deadLetters } = options
  const { routes, wants } = planRoutes(reactors, capabilities)
  const names = reactors.map((reactor) => reactor.name)
  const lettered = routes.filter(
    ({ whenExhausted }) => whenExhausted !== 'halt' && whenExhausted !== 'discard',
  )
  return [
    ...names
      .filter((name, i) => names.indexOf(name) < i)
      .map((name) => `two reactors are called '${name}': names are durable state`),
    ...reactors
      .filter((reactor) => reactor.routes.length === 0)
      .map((reactor) => `reactor '${reactor.name}' has no route`),
    ...nameClashes(reactors, kinds).map((name) => `two different events are called '${name}': rename one`),
    ...(lettered.length > 0 && deadLetters === undefined
      ? [
          `'deadLetters' is missing, but ${lettered.length} route(s) can exhaust into it (first: ${lettered[0]?.key}): pass a DeadLetters, or set whenExhausted to 'halt' or 'discard'`,
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
