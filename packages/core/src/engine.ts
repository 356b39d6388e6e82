/** For runtimes: `@spaceship/core/engine`. */

import { capabilities } from './capabilities/index.ts'
import { makeEngine } from './engine/engine.ts'
import type { Engine } from './engine/seam.ts'
import type { EngineOptions } from './engine/settings.ts'
import { kinds } from './kinds/index.ts'

/**
 * The delivery engine, for runtimes: see `engine/seam.ts` for what they owe it.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const engine = createEngine({ application: 'onboarding', reactors: [greeter], state: memoryState(), deadLetters: memoryDeadLetters() })
 * const delivery = await engine.open({ stream: 'clients-cdc', shard: 'shardId-000000000000', redelivers: 'none' })
 */
export function createEngine(options: EngineOptions): Engine {
  return makeEngine(options, { kinds, capabilities })
}

export type { Explanation } from './engine/explain.ts'
export { completeJournal } from './engine/journal.ts'
export type { Delivery, Engine, EngineRoute, Hold, Source } from './engine/seam.ts'
export type { EngineOptions } from './engine/settings.ts'
export type { Observer, Step } from './engine/steps.ts'
export { type Incoming, read } from './kinds/index.ts'
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
  tickEnvelope,
  type UserRecord,
} from './wire/index.ts'
