/** The room of what goes wrong on demand. */

export { type FaultSource, type Faults, faultSource, type Limits, type Throttle } from './faults.ts'
export { seededRandom, shuffled } from './random.ts'
