import { Agent, request as httpRequest } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { MessageChannel } from 'node:worker_threads'
import { SpaceshipError } from '@spaceship/core'
import { drained, type Reply, type Request } from '../http/index.ts'
import { createEmulators, type Emulator, type Emulators, type Serve } from './emulators.ts'

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

export interface Upstream {
  /** Sends the request on, untouched, and gives its answer back, untouched. */
  forward(request: Request): Promise<Reply>
  /** Waits for what is in flight, then stops the emulator. Repeated calls share one end. */
  close(): Promise<void>
}

/**
 * An emulator in a thread, on a port that only its front knows. What it throws, and how long it computes, is the affair of that thread.
 *
 * @param file keeps what the emulator holds. @default it is gone with the upstream
 * @param shared has the thread. @default one of its own, which ends with the upstream
 * @throws SpaceshipError `local-emulator` if it does not start, `local-data` if it cannot read the file
 * @example
 * const upstream = await upstreamOf('dynalite')
 * await upstream.close()
 */
export async function upstreamOf(
  emulator: Emulator,
  { file, shared }: { readonly file?: string | undefined; readonly shared?: Emulators | undefined } = {},
): Promise<Upstream> {
  const emulators = shared ?? createEmulators()
  const release = async () => {
    if (shared === undefined) await emulators.close()
  }
  const thread = emulators.threadOf(emulator)
  const { port1: way, port2: port } = new MessageChannel()
  const gone = Promise.withResolvers<unknown>()
  const lost = (cause: unknown) =>
    gone.resolve(new SpaceshipError('local-emulator', `${emulator} has ended`, { cause }))
  // An emulator that is gone answers no more: its front says so, and this process goes on.
  thread.once('error', lost).once('exit', lost)
  const heard = () => Promise.race([gone.promise, new Promise((resolve) => way.once('message', resolve))])
  const answer = heard()
  thread.postMessage({ file, port } satisfies Serve, [port])
  const started = await answer
  if (typeof started !== 'number') {
    way.close()
    await release()
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
  const end = async () => {
    await settled()
    agent.destroy()
    const closed = heard()
    way.postMessage('close')
    // A file is closed by the thread that opened it. A thread that is gone closes nothing, and needs no wait.
    if (file !== undefined) await closed
    way.close()
    thread.off('error', lost).off('exit', lost)
    await release()
  }
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= end()
    return closing
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
