/** For runtimes: `@spaceship/core/engine`. */

import { capabilities } from './capabilities/index.ts'
import type { Reactor } from './declare/reactor.ts'
import { DESCRIBE, describeRoutes, type RouteDescription } from './engine/describe.ts'
import { makeEngine } from './engine/engine.ts'
import { ENGINE } from './engine/options.ts'
import type { Engine } from './engine/seam.ts'
import type { EngineOptions, ProcessAbout } from './engine/settings.ts'
import { kinds } from './kinds/index.ts'
import { check, type Shapes } from './shapes.ts'

/**
 * The delivery engine, for runtimes: see `engine/seam.ts` for what they owe it.
 *
 * @param about what the lines of its log say of the process
 * @throws ConfigurationError that lists every problem
 * @example
 * const engine = createEngine({ application: 'onboarding', reactors: [greeter], state: memoryState(), deadLetters: memoryDeadLetters() })
 * const delivery = await engine.open({ stream: 'clients-cdc', shard: 'shardId-000000000000', redelivers: 'none' })
 */
export function createEngine(options: EngineOptions, about: ProcessAbout = {}): Engine {
  return makeEngine(options, { kinds, capabilities }, about)
}

/** The shapes of an engine's options that a runtime hands on, so that it can refuse names that nobody knows. */
export const ENGINE_OPTIONS: Shapes = (({ reactors: _, ...handed }) => handed)({ ...ENGINE.options.fields })

/**
 * What a reactor is made of, as data: for documents, maps and permissions. Nothing is run.
 *
 * @throws ConfigurationError if that is no reactor
 * @example
 * const [greet] = describe(greeter)
 * console.log(greet?.route, greet?.effect, greet?.stages) // greeter/greet claim ['claim', 'handler']
 */
export function describe(reactor: Reactor): readonly RouteDescription[] {
  check('describe', DESCRIBE, { reactor })
  return describeRoutes([reactor], capabilities)
}

export { lastEnd, nextEnd } from './declare/windows.ts'
export { type Announced, ENGINES } from './engine/announced.ts'
export { type Checked, checked } from './engine/check.ts'
export type { RouteDescription, ScheduleDescription } from './engine/describe.ts'
export type { Explanation } from './engine/explain.ts'
export { completeJournal } from './engine/journal.ts'
export type { Delivery, Engine, EngineRoute, Hold, Reason, Source } from './engine/seam.ts'
export type { EngineOptions, ProcessAbout } from './engine/settings.ts'
export type { Observer, Step } from './engine/steps.ts'
export { type Incoming, read } from './kinds/index.ts'
export { aboutRecord, keyOfLane, type RecordAbout } from './operate/about.ts'
export { createRedrive, type Redrive, type RedriveOptions } from './operate/redrive.ts'
export {
  type Aggregate,
  type Change,
  comparePositions,
  compareSequences,
  deaggregate,
  formatPosition,
  type HashKeyRange,
  type Position,
  parsePosition,
  type StreamRecord,
  takenBy,
  tickEnvelope,
  type UserRecord,
} from './wire/index.ts'
