export type { EngineOptions } from './configuration.ts'
export { createEngine } from './engine.ts'
export type { Delivery, Engine, Hold, Source } from './seam.ts'
