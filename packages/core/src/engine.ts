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
  comparePositions,
  compareSequences,
  formatPosition,
  type Position,
  parsePosition,
  type StreamRecord,
  tickEnvelope,
} from './wire/index.ts'
