/** The room of the wire: one small HTTP server that every endpoint of the embedded spaceship stands on. */

export { json } from './json.ts'
export { type Handler, type Reply, type Request, type Served, type ServeOptions, serve } from './serve.ts'
