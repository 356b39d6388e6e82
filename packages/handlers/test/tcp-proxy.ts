/** A TCP proxy between a client and a server, which a test can cut, or let swallow what passes. */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** Connections so far. */
  readonly connections: number
  /** Lets nothing of what the server says pass, until `pass`. */
  mute(): void
  pass(): void
  /** Resolves with the next bytes that a client sends, before the server has them; `drop` closes the connections without passing them on. */
  intercept(): Promise<{ readonly bytes: Buffer; pass(): void; drop(): void }>
  /** Closes all connections at once. */
  cut(): void
  close(): Promise<void>
}

export async function startProxy(upstream: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let connections = 0
  let muted = false
  let interceptor: ((bytes: Buffer, pass: () => void) => void) | undefined
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }

  const server = createServer((client) => {
    connections += 1
    const onward = connect(upstream, '127.0.0.1')
    for (const socket of [client, onward]) {
      sockets.add(socket)
      socket.setNoDelay(true).on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        onward.destroy()
      })
    }
    client.on('data', (bytes) => {
      const pass = () => void onward.write(bytes)
      const take = interceptor
      interceptor = undefined
      if (take === undefined) pass()
      else take(bytes, pass)
    })
    onward.on('data', (bytes) => {
      if (!muted) client.write(bytes)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the system gave no port')

  return {
    port: address.port,
    get connections() {
      return connections
    },
    mute: () => {
      muted = true
    },
    pass: () => {
      muted = false
    },
    intercept: () =>
      new Promise((resolve) => {
        interceptor = (bytes, pass) => resolve({ bytes, pass, drop: cut })
      }),
    cut,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}
