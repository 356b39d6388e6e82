/** The room of what goes wrong on demand. */

export { type FaultSource, type FaultState, type Faults, faultSource, type Throttle } from './faults.ts'
export { type Random, seededRandom, shuffled } from './random.ts'
