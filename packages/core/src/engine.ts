/** For runtimes: `@spaceship/core/engine`. */
export {
  createEngine,
  type Delivery,
  type Engine,
  type EngineOptions,
  type Hold,
  type Source,
} from './delivery/index.ts'
export {
  type Change,
  comparePositions,
  compareSequences,
  deaggregate,
  formatPosition,
  type HashKeyRange,
  type Incoming,
  type Position,
  parsePosition,
  read,
  type StreamRecord,
  type UserRecord,
} from './wire/index.ts'
