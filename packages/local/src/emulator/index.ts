/** The room of the emulators: dynalite and kinesalite, each in a thread of its own. */

export { createEmulators, type Emulators } from './emulators.ts'
export { type Upstream, upstreamOf } from './upstream.ts'
