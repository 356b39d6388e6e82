/** The room of the emulators: dynalite and kinesalite, each in a thread of its own. */

export { type Upstream, upstreamOf } from './upstream.ts'
