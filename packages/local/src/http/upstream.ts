import { Agent, request as httpRequest, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { SpaceshipError } from '@spaceship/core'
import type { Reply, Request } from './serve.ts'

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
  /** Waits for what is in flight, then stops the server. */
  close(): Promise<void>
}

/**
 * Starts an emulator's own HTTP server on a port that only its front knows.
 *
 * @example
 * import dynalite from 'dynalite'
 * const upstream = await upstreamOf(dynalite())
 * const served = await serve((request) => upstream.forward(request))
 */
export async function upstreamOf(server: Server): Promise<Upstream> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, HOST, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  // The emulators must not close an idle connection just as a request is written to it.
  server.keepAliveTimeout = 0
  const agent = new Agent({ keepAlive: true })
  const inFlight = new Set<Promise<unknown>>()

  const forward = (request: Request) => {
    const reply = exchange(agent, port, request)
    const settled: Promise<unknown> = reply.catch(() => {}).then(() => inFlight.delete(settled))
    inFlight.add(settled)
    return reply
  }
  const close = async () => {
    // An emulator whose database closes under a running request throws out of a callback: nobody could catch that.
    await Promise.all(inFlight)
    agent.destroy()
    server.closeAllConnections()
    await new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())))
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
