/**
 * Runs in a thread: one emulator, for one upstream or for many, each with a store and a port of its own that only its front knows.
 *
 * ```
 *  thread  <─ { file, port } ──  upstreamOf      once for each upstream: `port` is its own way to the thread
 *  port    ── number, or Error ─>                 where it listens, or why it does not start
 *  port    <─ 'close' ──                          its server and its file are closed
 *  port    ── 'closed' ─>
 * ```
 *
 * The emulators throw out of callbacks, where nobody can catch: that ends a process, and with it everything in memory. In this
 * thread the calls that are left without an answer get the service's error for a failure of its own, and the others go on.
 */
import type { Server, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type Kinesalite from 'kinesalite'
import type { Level } from './durable.ts'
import type { Serve } from './emulators.ts'
import { STREAMS, TABLES } from './interrupted.ts'
import { mendDynalite, mendKinesalite, mendLocks } from './mended.ts'
import type { Places } from './secondary.ts'

const EMULATORS = {
  dynalite: {
    store: (near: NodeJS.Require) => {
      const { MemoryLevel } = near('memory-level')
      return new MemoryLevel({ valueEncoding: 'json' })
    },
    interrupted: TABLES,
    mend: mendDynalite,
    places: (near: NodeJS.Require): Places | undefined => near('./db'),
    start: async (store: Level | undefined) => {
      const { default: dynalite } = await import('dynalite')
      return dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0, store })
    },
    failure: 'com.amazonaws.dynamodb.v20120810#InternalServerError',
  },
  kinesalite: {
    store: (near: NodeJS.Require) => near('memdown')(),
    interrupted: STREAMS,
    mend: mendKinesalite,
    places: (): Places | undefined => undefined,
    start: async (store: Level | undefined) => {
      // Not by `import`: that would read the file anew, and not find what was mended.
      const kinesalite: typeof Kinesalite = createRequire(import.meta.url)('kinesalite')
      return kinesalite({ createStreamMs: 0, deleteStreamMs: 0, updateStreamMs: 0, shardLimit: 1_000, store })
    },
    failure: 'InternalFailure',
  },
}

/** Milliseconds. Calls are answered from memory: one that is open this long after an exception is the one that threw, or waits for it. */
const GRACE = 1_000

// Safe: `emulators.ts` is the only one that starts this thread, and gives its name as data.
const name = workerData as keyof typeof EMULATORS
const { start, mend, store, interrupted, places, failure } = EMULATORS[name]
const open = new Set<ServerResponse>()
const heldLocks = mendLocks(name)

process.on('uncaughtException', () => {
  const suspects = [...open]
  const letGo = heldLocks()
  setTimeout(() => {
    for (const response of suspects) if (!response.headersSent) fail(response)
    letGo()
  }, GRACE)
})

function fail(response: ServerResponse): void {
  response.writeHead(500, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ __type: failure, message: 'the emulator failed at this call' }))
}

/** The store whose writes are in the file, once it holds what the file holds, and what closes the file. */
async function kept(path: string): Promise<{ readonly level: Level; readonly close: () => void }> {
  const require = createRequire(import.meta.url)
  const near = createRequire(require.resolve(name))
  const level: Level = store(near)
  const { keepIn } = await import('./durable.ts')
  return { level, close: keepIn(path, level, interrupted, places(near)) }
}

async function serve({ file, port }: Serve): Promise<void> {
  const store = file === undefined ? undefined : await kept(file)
  const server: Server = await start(store?.level)
  server.prependListener('request', (_, response) => {
    open.add(response)
    response.on('close', () => open.delete(response))
  })
  // The emulators must not close an idle connection just as a request is written to it.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    port.postMessage(typeof address === 'object' && address !== null ? address.port : 0)
  })
  port.once('message', () => {
    server.close()
    server.closeAllConnections()
    store?.close()
    port.postMessage('closed')
    port.close()
  })
}

mend()
parentPort?.on('message', (asked: Serve) => {
  serve(asked).catch((error: unknown) => asked.port.postMessage(error))
})
