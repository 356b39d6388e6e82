/** For runtimes: `@spaceship/core/engine`. */
export {
  createEngine,
  createRedrive,
  type Delivery,
  type Engine,
  type EngineOptions,
  type Hold,
  type Observer,
  type Redrive,
  type RedriveOptions,
  type Source,
  type Step,
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
  tickEnvelope,
  type UserRecord,
} from './wire/index.ts'
