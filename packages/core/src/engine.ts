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
  comparePositions,
  compareSequences,
  formatPosition,
  type Position,
  parsePosition,
  type StreamRecord,
} from './wire/index.ts'
