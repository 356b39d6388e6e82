/**
 * Owns that a connection on which nothing is answered is not used again. A router that has forgotten a connection tells nobody: what is sent on it is
 * lost, and TCP gives up after a quarter of an hour.
 *
 * | the client speaks              | after a request without an answer in time | the next request                                    |
 * |--------------------------------|-------------------------------------------|-----------------------------------------------------|
 * | HTTP/1.1                       | the SDK closes its connection             | goes out on another one                             |
 * | HTTP/2, as that of Kinesis does | the SDK keeps the connection of all       | would be lost, too: all connections are closed here, |
 * | unless it is told otherwise    | requests                                  | what is under way on them fails and is made again    |
 */

import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { codeOf } from '@spaceship/core'

/** Of a client of HTTP/2. A time-out is the client's own, or an abort whose reason is a SpaceshipError `no-answer`. */
export function renewConnections(client: Pick<KinesisClient, 'middlewareStack' | 'config'>): void {
  // Of a double only `send` may be there.
  if (client.middlewareStack === undefined) return
  /** How often connections were closed: what had begun before says nothing about those of now. */
  let closed = 0
  client.middlewareStack.add(
    (next) => async (args) => {
      const before = closed
      try {
        return await next(args)
      } catch (error) {
        const { requestHandler } = client.config
        if (isUnanswered(error) && before === closed && requestHandler.metadata?.handlerProtocol === 'h2') {
          closed += 1
          requestHandler.destroy?.()
        }
        throw error
      }
    },
    // Within the SDK's own attempts.
    { step: 'finalizeRequest', priority: 'low', name: 'spaceshipConnections', override: true },
  )
}

function isUnanswered(error: unknown): boolean {
  const { name, cause } = Object(error)
  return name === 'TimeoutError' || (name === 'AbortError' && codeOf(cause) === 'no-answer')
}
