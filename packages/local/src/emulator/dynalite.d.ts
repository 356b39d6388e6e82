declare module 'dynalite' {
  import type { Server } from 'node:http'

  export default function dynalite(options?: {
    createTableMs?: number
    deleteTableMs?: number
    updateTableMs?: number
    /** A store in memory, in place of one of its own: see `mended.ts`. */
    store?: unknown
  }): Server
}
