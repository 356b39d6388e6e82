/** A TCP proxy between a client and a server, which a test can cut, or let swallow what passes. */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * | fault          | the server         | the client                                   |
 * |----------------|--------------------|----------------------------------------------|
 * | `refused`      | hears nothing      | is cut off as it connects                    |
 * | `request lost` | hears nothing      | is cut off once it has sent its request      |
 * | `answer lost`  | has done it        | is cut off instead of being answered         |
 * | `half`         | has done it        | gets a part of the answer, and is cut off    |
 * | `garbage`      | has done it        | gets bytes that are no answer                |
 * | `silent`       | has done it        | gets nothing, on a connection that stays     |
 */
export type Fault = 'pass' | 'refused' | 'request lost' | 'answer lost' | 'half' | 'garbage' | 'silent'

export interface TcpProxy {
  readonly port: number
  /** Connections so far. */
  readonly connections: number
  /** Lets nothing of what the server says pass, until `pass`. */
  mute(): void
  pass(): void
  /** What becomes of the next requests, and of what the server says to them. @default 'pass' */
  fault: Fault
  /** Resolves with the next bytes that a client sends, before the server has them; `drop` closes the connections without passing them on. */
  intercept(): Promise<{ readonly bytes: Buffer; pass(): void; drop(): void }>
  /** Lets nothing of what the server says pass on the connections of now: they stay, as those do that a router has forgotten. */
  deafen(): void
  /** Closes all connections at once. */
  cut(): void
  close(): Promise<void>
}

export async function startProxy(upstream: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const forgotten = new WeakSet<Socket>()
  let connections = 0
  let muted = false
  let fault: Fault = 'pass'
  let interceptor: ((bytes: Buffer, pass: () => void) => void) | undefined
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }

  const server = createServer((client) => {
    connections += 1
    if (fault === 'refused') {
      client.on('error', () => {})
      client.destroy()
      return
    }
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
      if (fault === 'request lost') return client.destroy()
      const pass = () => void onward.write(bytes)
      const take = interceptor
      interceptor = undefined
      if (take === undefined) pass()
      else take(bytes, pass)
    })
    onward.on('data', (bytes) => {
      if (muted || fault === 'silent' || forgotten.has(onward)) return
      if (fault === 'answer lost') client.destroy()
      else if (fault === 'half') client.end(bytes.subarray(0, Math.ceil(bytes.length / 2)))
      else if (fault === 'garbage') client.end('\u0000\u0001 this is no answer\r\n\r\n')
      else client.write(bytes)
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
    get fault() {
      return fault
    },
    set fault(next) {
      fault = next
      // Connections that are kept would not meet it.
      cut()
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
    deafen: () => {
      for (const socket of sockets) forgotten.add(socket)
    },
    cut,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}
