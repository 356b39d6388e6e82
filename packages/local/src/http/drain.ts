import type { Reply, Request } from './serve.ts'

export interface Drained {
  readonly handler: (request: Request) => Promise<Reply>
  /** Resolves once no call is running. */
  settled(): Promise<void>
}

/** A handler whose running calls can be waited for, so that nothing it stands on is closed under them. */
export function drained(handler: (request: Request) => Promise<Reply>): Drained {
  const running = new Set<Promise<unknown>>()
  return {
    handler: (request) => {
      const reply = handler(request)
      const ended: Promise<unknown> = reply.catch(() => {}).then(() => running.delete(ended))
      running.add(ended)
      return reply
    },
    settled: async () => {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
