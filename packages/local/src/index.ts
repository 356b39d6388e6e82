/** The embedded spaceship: `await using ship = await launch({ ... })`. */

export type { Endpoint, KeyType, LaunchOptions, StreamOptions, TableOptions } from './configuration.ts'
export type { Faults, Throttle } from './faults/index.ts'
export { type ClientConfig, launch, type Spaceship } from './launch.ts'
