/**
 * Owns one connection to a node. Answers have no name of their request: they come in its order. Whatever could bring them out of step
 * therefore ends the connection, and everything that is under way on it is rejected:
 *
 * | what happens                                             | the connection                                 |
 * |----------------------------------------------------------|------------------------------------------------|
 * | a request is not answered in time                        | ends: the late answer would be another one's    |
 * | an answer that nobody asked for, or of another request    | ends                                           |
 * | `ERROR`, `CLIENT_ERROR`                                   | ends: the node may take the data for a command  |
 * | `SERVER_ERROR`                                           | stays: the node has taken the request as a whole |
 *
 * Nothing is sent twice. A connection on which nothing is under way keeps no process alive.
 */

import type { ConnectionOptions } from 'node:tls'
import { codeOf } from '@spaceship/core'
import type { Address } from './address.ts'
import { type Answer, createReader } from './reader.ts'
import { Refusal, type Request } from './requests.ts'

export interface Link {
  /** @param timeout in milliseconds, the wait for the connection included */
  ask<T>(request: Request<T>, timeout: number): Promise<T>
  /** Ends it once what is under way has been answered. It never rejects. */
  retire(): Promise<void>
}

interface Waiter {
  readonly take: (answer: Answer) => void
  readonly fail: (why: unknown) => void
}

/**
 * @param tls given, the connection is by TLS
 * @param ended is called once, when it cannot be asked any more
 */
export function openLink(address: Address, tls: ConnectionOptions | undefined, ended: () => void): Link {
  const waiting: Waiter[] = []
  let over = false
  let retired: (() => void) | undefined

  // Asked for when there is something to connect to.
  const { connect } = process.getBuiltinModule('node:net')
  const socket =
    tls === undefined
      ? connect(address.port, address.at)
      : process.getBuiltinModule('node:tls').connect(tlsOptions(address, tls))
  // Held back until the node has shown who it is.
  socket.cork()
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => socket.uncork())
  socket.setNoDelay(true).unref()
  socket.on('error', end)
  socket.on('close', () => end(new Error('the node has closed the connection')))

  const read = createReader((answer) => {
    const waiter = waiting.shift()
    if (waiter === undefined) end(new Error('the node has answered what nobody asked'))
    else waiter.take(answer)
    rest()
  })
  socket.on('data', (piece) => {
    try {
      read(piece)
    } catch (error) {
      end(error)
    }
  })

  function end(why: unknown) {
    if (over) return
    over = true
    socket.destroy()
    ended()
    for (const { fail } of waiting.splice(0)) fail(why)
    retired?.()
  }

  function rest() {
    if (waiting.length > 0) return
    socket.unref()
    if (retired !== undefined) end(undefined)
  }

  return {
    ask: <T>(request: Request<T>, timeout: number) =>
      new Promise<T>((resolve, fail) => {
        if (over) throw new Error('the connection has ended')
        const silent = () =>
          end(new Error(`the node has not answered ${request.command} within ${timeout} ms`))
        const timer = setTimeout(silent, timeout)
        if (waiting.length === 0) socket.ref()
        waiting.push({
          take: (answer) => {
            clearTimeout(timer)
            try {
              resolve(request.read(answer))
            } catch (error) {
              fail(error)
              if (!isInStep(error)) end(error)
            }
          },
          fail: (why) => {
            clearTimeout(timer)
            fail(why)
          },
        })
        socket.write(request.bytes)
      }),
    retire: () =>
      new Promise((resolve) => {
        if (over) return resolve()
        const before = retired
        retired = () => {
          before?.()
          resolve()
        }
        rest()
      }),
  }
}

/** After an error that is about what was asked, the next answer is still that of the next request. */
function isInStep(error: unknown): boolean {
  if (error instanceof Refusal) return error.line.startsWith('SERVER_ERROR')
  return codeOf(error) === 'permanent'
}

function tlsOptions({ host, at, port }: Address, tls: ConnectionOptions): ConnectionOptions {
  const { isIP } = process.getBuiltinModule('node:net')
  return { ...(isIP(host) === 0 ? { servername: host } : {}), ...tls, host: at, port }
}
