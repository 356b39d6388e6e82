declare module 'kinesalite' {
  import type { Server } from 'node:http'

  export default function kinesalite(options?: {
    createStreamMs?: number
    deleteStreamMs?: number
    updateStreamMs?: number
    shardLimit?: number
    /** A store in memory, in place of one of its own: see `mended.ts`. */
    store?: unknown
  }): Server
}
