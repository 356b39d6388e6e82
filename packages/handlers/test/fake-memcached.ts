/** A server that answers Memcached's requests with whatever a test says: for answers that a real one gives seldom, or on AWS only. */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export interface FakeMemcached {
  readonly port: number
  readonly address: string
  /** The lines that it was sent. */
  readonly requests: readonly string[]
  close(): Promise<void>
}

/** @param answer of each line that comes; undefined closes the connection, '' leaves it without an answer */
export async function fakeMemcached(
  answer: (line: string) => string | undefined,
  { host = '127.0.0.1', port = 0 } = {},
): Promise<FakeMemcached> {
  const sockets = new Set<Socket>()
  const requests: string[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', (piece) => {
      for (const line of String(piece).split('\r\n').slice(0, -1)) {
        requests.push(line)
        const text = answer(line)
        if (text === undefined) socket.destroy()
        else socket.write(text)
      }
    })
  })
  await once(server.listen(port, host), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the system gave no port')
  return {
    port: address.port,
    address: `${host}:${address.port}`,
    requests,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
