/**
 * One TCP port that speaks HTTP/1.1 and cleartext HTTP/2 with prior knowledge.
 *
 * ```
 *            first bytes
 * socket ──► 'PRI' ────────► HTTP/2 server ──┐
 *            anything else ► HTTP/1.1 server ┴► handler
 * ```
 *
 * The AWS SDK's default Kinesis client speaks HTTP/2 even without TLS, everybody else HTTP/1.1.
 */

import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { createServer as createTcp, type Socket } from 'node:net'
import { SpaceshipError } from '@spaceship/core'

const HOST = '127.0.0.1'
const LARGEST_BODY = 32 * 1024 * 1024

export interface Request {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case; a repeated header is joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export type Handler = (request: Request) => Reply | Promise<Reply>

export interface ServeOptions {
  /** @default 0: the system chooses a free port */
  readonly port?: number
}

export interface Served extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Stops listening and destroys every open socket. Repeated calls share one end. */
  close(): Promise<void>
}

type AnyRequest = IncomingMessage | Http2ServerRequest
type AnyResponse = ServerResponse | Http2ServerResponse

/**
 * Serves a handler on 127.0.0.1. A handler that throws answers 500; a body over 32 MiB is refused with 413.
 *
 * @throws SpaceshipError `local-port` if the port is taken or not allowed
 * @example
 * await using served = await serve((request) => json(200, { path: request.path }))
 * await fetch(`${served.url}/hello`)
 */
export async function serve(handler: Handler, { port = 0 }: ServeOptions = {}): Promise<Served> {
  // Never rejects: it answers its own failures.
  const listener = (request: AnyRequest, response: AnyResponse) => void answer(handler, request, response)
  const http1 = createHttp1(listener)
  const http2 = createHttp2(listener)
  const sockets = new Set<Socket>()
  const ignore = () => {}

  http2.on('sessionError', ignore)
  const tcp = createTcp({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A client that resets its connection is its own affair, never the end of this process.
    socket.on('error', ignore)
    sniff(socket, (isHttp2) => (isHttp2 ? http2 : http1).emit('connection', socket))
  })

  await new Promise<void>((resolve, reject) => {
    tcp.once('error', (cause) => {
      reject(
        new SpaceshipError('local-port', `cannot listen on ${HOST}:${port}: choose another port`, { cause }),
      )
    })
    tcp.listen(port, HOST, resolve)
  })
  const address = tcp.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port

  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= new Promise<void>((resolve) => {
      tcp.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
    return closing
  }
  return { url: `http://${HOST}:${bound}`, port: bound, close, [Symbol.asyncDispose]: close }
}

/** Looks at the first bytes of a connection and puts them back once they are enough to tell. */
function sniff(socket: Socket, decide: (isHttp2: boolean) => void): void {
  let seen = Buffer.alloc(0)
  const look = () => {
    // Safe: without an encoding a socket reads buffers.
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    seen = Buffer.concat([seen, chunk])
    const start = seen.toString('latin1', 0, 3)
    if (start.length < 3 && 'PRI'.startsWith(start)) return
    socket.off('readable', look)
    socket.unshift(seen)
    decide(start === 'PRI')
  }
  socket.on('readable', look)
}

async function answer(handler: Handler, request: AnyRequest, response: AnyResponse): Promise<void> {
  // A broken connection surfaces as the body's end or not at all; there is nobody left to answer.
  response.on('error', () => {})
  try {
    const body = await bodyOf(request)
    const reply = body === undefined ? tooLarge() : await handler(described(request, body))
    send(response, reply)
  } catch (error) {
    const name = error instanceof Error ? error.name : 'Error'
    send(response, {
      status: 500,
      headers: { 'content-type': 'text/plain' },
      body: `internal error: ${name}\n`,
    })
  }
}

async function bodyOf(request: AnyRequest): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    // The rest is read and thrown away, so that the client gets to see the refusal.
    if (size <= LARGEST_BODY) chunks.push(chunk)
    else chunks.length = 0
  }
  return size <= LARGEST_BODY ? Buffer.concat(chunks) : undefined
}

function tooLarge(): Reply {
  return {
    status: 413,
    headers: { 'content-type': 'text/plain' },
    body: `the body is over ${LARGEST_BODY} bytes\n`,
  }
}

function described(request: AnyRequest, body: Buffer): Request {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':')) continue
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return {
    method: request.method ?? 'GET',
    path: mark === -1 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
    headers,
    body,
  }
}

function send(response: AnyResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return
  const body = Buffer.from(reply.body ?? '')
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  // Tells adapters that nobody keeps an infrastructure here: they make what is missing.
  response.setHeader('server', 'spaceship')
  response.statusCode = reply.status
  // The answer to a HEAD says how long the body would be.
  const isSaid = reply.headers?.['content-length'] !== undefined
  if (!isSaid && reply.status !== 204 && reply.status !== 304)
    response.setHeader('content-length', body.length)
  response.end(body)
}
