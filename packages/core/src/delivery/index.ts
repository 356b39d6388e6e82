/** The engine: `seam.ts` is what a runtime sees of it, `delivery.ts` wires its rooms. */
export type { EngineOptions } from './configuration.ts'
export { createRedrive, type Redrive, type RedriveOptions } from './ending/redrive.ts'
export { createEngine } from './engine.ts'
export type { Observer, Step } from './observe.ts'
export type { Delivery, Engine, Hold, Source } from './seam.ts'
