import { Agent, request as httpRequest } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { SpaceshipError } from '@spaceship/core'
import { drained, type Reply, type Request } from '../http/index.ts'

const HOST = '127.0.0.1'
/** Milliseconds. The emulators answer from memory; one that takes this long will never answer. */
const LONGEST_ANSWER = 20_000

/** Belongs to one connection and is never copied to another. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'host',
  'upgrade',
  'te',
])

const THREAD = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './emulator.js', import.meta.url),
)

type Emulator = 'dynalite' | 'kinesalite'

export interface Upstream {
  /** Sends the request on, untouched, and gives its answer back, untouched. */
  forward(request: Request): Promise<Reply>
  /** Waits for what is in flight, then stops the emulator. */
  close(): Promise<void>
}

/**
 * Starts an emulator in a thread, on a port that only its front knows. What it throws, and how long it computes, is the affair
 * of that thread.
 *
 * @param file keeps what the emulator holds. @default it is gone with the thread
 * @throws SpaceshipError `local-emulator` if it does not start, `local-data` if it cannot read the file
 * @example
 * const upstream = await upstreamOf('dynalite')
 * await upstream.close()
 */
export async function upstreamOf(emulator: Emulator, file?: string): Promise<Upstream> {
  const thread = new Worker(THREAD, { workerData: { name: emulator, ...(file !== undefined && { file }) } })
  const started = await new Promise<unknown>((resolve, reject) => {
    const fail = (cause?: unknown) =>
      reject(new SpaceshipError('local-emulator', `${emulator} does not start`, { cause }))
    thread.once('message', resolve).once('error', fail).once('exit', fail)
  })
  // An emulator that is gone answers no more: its front says so, and this process goes on.
  // By name: without a listener of its own, a thread hears no message any more.
  thread
    .removeAllListeners('error')
    .removeAllListeners('exit')
    .on('error', () => {})
  if (typeof started !== 'number') {
    await thread.terminate()
    throw file === undefined
      ? new SpaceshipError('local-emulator', `${emulator} does not start`, { cause: started })
      : new SpaceshipError(
          'local-data',
          `${emulator} cannot read '${file}': expected a file that an earlier launch wrote, and that is whole. Name another folder as 'data', or delete this one`,
          { cause: started },
        )
  }
  const agent = new Agent({ keepAlive: true })
  const { handler: forward, settled } = drained((request) => exchange(agent, started, request))
  const close = async () => {
    await settled()
    agent.destroy()
    // A file is closed by the thread that opened it. One that is gone already closes nothing, and needs no wait.
    if (file !== undefined && thread.threadId !== -1) {
      const closed = new Promise((resolve) => thread.once('message', resolve).once('exit', resolve))
      thread.postMessage('close')
      await closed
    }
    await thread.terminate()
  }
  return { forward, close }
}

function exchange(
  agent: Agent,
  port: number,
  { method, path, query, headers, body }: Request,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const search = query.size > 0 ? `?${query}` : ''
    const outgoing = httpRequest({
      agent,
      host: HOST,
      port,
      method,
      path: path + search,
      headers: { ...passedOn(headers), 'content-length': body.length },
    })
    outgoing.on('error', reject)
    // Without an answer nothing that stands on this call could ever be closed.
    outgoing.setTimeout(LONGEST_ANSWER, () => {
      outgoing.destroy(
        new SpaceshipError('local-emulator', `the emulator did not answer within ${LONGEST_ANSWER} ms`),
      )
    })
    outgoing.on('response', (incoming) => {
      buffer(incoming).then((answer) => {
        resolve({ status: incoming.statusCode ?? 502, headers: passedOn(incoming.headers), body: answer })
      }, reject)
    })
    outgoing.end(body)
  })
}

function passedOn(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name)) continue
    kept[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return kept
}
