/** Owns the threads in which emulators run: one for each, which is started when it is first asked for. */

import { type MessagePort, Worker } from 'node:worker_threads'

export type Emulator = 'dynalite' | 'kinesalite'

/** What asks a thread for one more of its emulators: see `thread.ts`. */
export interface Serve {
  /** Keeps what the emulator holds. */
  readonly file: string | undefined
  readonly port: MessagePort
}

/** Emulators for many spaceships: see {@link createEmulators}. */
export interface Emulators extends AsyncDisposable {
  /** The thread of an emulator. Of spaceships alone. */
  threadOf(emulator: Emulator): Worker
  /** Ends the threads, and with them what is left of their spaceships. A launch after that starts them again. */
  close(): Promise<void>
}

const THREAD = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './emulator.js', import.meta.url)
/** A thread has Node's flags of its process, and a process with `--input-type` starts no file: it starts this text. */
const START = `import(${JSON.stringify(THREAD.href)})`

/**
 * Emulators for tests that launch many spaceships. Each launch starts threads, and loads the emulators in them, which is most of what a launch
 * costs; those that are given the same `emulators` share the threads, and nothing else. They keep no process from its end.
 *
 * @example
 * const emulators = createEmulators()
 * for (const name of ['clients', 'orders']) {
 *   await using ship = await launch({ emulators, tables: [{ name, key: 'id' }] })
 *   console.log(ship.endpoints.dynamodb)
 * }
 * await emulators.close()
 */
export function createEmulators(): Emulators {
  const threads = new Map<Emulator, Worker>()
  const close = async () => {
    const ending = [...threads.values()].map((thread) => thread.terminate())
    threads.clear()
    await Promise.all(ending)
  }
  return {
    threadOf: (emulator) => {
      const known = threads.get(emulator)
      if (known !== undefined) return known
      const thread = new Worker(START, { eval: true, workerData: emulator })
      thread.unref()
      // What ends it is told by its exit. By name: without a listener of its own, a thread hears no message any more.
      thread.on('error', () => {})
      thread.once('exit', () => {
        if (threads.get(emulator) === thread) threads.delete(emulator)
      })
      // As many upstreams as may be there at a time listen for its end.
      thread.setMaxListeners(0)
      threads.set(emulator, thread)
      return thread
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
