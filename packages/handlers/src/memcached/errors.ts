/**
 * Owns what the errors of Memcached mean.
 *
 * | what happened                                             | is                                                     |
 * |-----------------------------------------------------------|--------------------------------------------------------|
 * | `CLIENT_ERROR unauthenticated`                            | set-up `denied`                                        |
 * | `ERROR`: the node does not know the command               | set-up `unknown-operation`                             |
 * | any other `CLIENT_ERROR`                                  | Permanent                                              |
 * | `SERVER_ERROR object too large for cache`                 | Permanent                                              |
 * | any other `SERVER_ERROR`                                  | an outage                                              |
 * | nobody knows the host (`ENOTFOUND`)                        | set-up `unknown-operation`                             |
 * | TLS: a certificate that is not trusted, or no TLS there    | set-up `unknown-operation`                             |
 * | anything else, an answer to another request, or no answer  | an outage                                              |
 *
 * No message shows a key, a value, or words of the node beyond those above.
 */

import { Permanent, Unavailable } from '@spaceship/core'
import { isOfTls, networkCode } from '../network/index.ts'
import { Refusal, type Request } from './requests.ts'

export interface About {
  readonly node: string
  readonly command: Request<unknown>['command']
}

export function classified({ node, command }: About, error: unknown): Permanent | Unavailable {
  if (error instanceof Permanent || error instanceof Unavailable) return error
  const resource = `Memcached at ${node}`
  const setup = (reason: 'denied' | 'unknown-operation', message: string, advice: string) =>
    new Unavailable('memcached', `${message}: ${advice}`, {
      cause: error,
      setup: { reason, resource, advice },
    })
  const code = networkCode(error) ?? ''
  const line = error instanceof Refusal ? error.line : ''
  if (/^CLIENT_ERROR unauthenticated/.test(line))
    return setup('denied', `${resource} asks for a password`, 'give nodes that ask for none')
  if (/^ERROR\b/.test(line) && command === 'config get cluster')
    return setup(
      'unknown-operation',
      `${resource} belongs to no cluster of ElastiCache`,
      "give 'discovery' the configuration endpoint of one, or list the nodes in 'nodes'",
    )
  if (/^ERROR\b/.test(line))
    return setup('unknown-operation', `${resource} knows no ${command}`, 'give the address of a Memcached')
  if (/^(CLIENT_ERROR|SERVER_ERROR object too large)\b/.test(line))
    return new Permanent(`${resource} refused the arguments of ${command}`, { cause: error })
  if (code === 'ENOTFOUND')
    return setup(
      'unknown-operation',
      `${resource} cannot be reached`,
      'check the host: nobody knows it (ENOTFOUND)',
    )
  if (isOfTls(code))
    return setup(
      'unknown-operation',
      `${resource} and we have no TLS in common (${code})`,
      "give 'tls' the 'ca' that has signed the node's certificate, and leave 'tls' out for a node without TLS",
    )
  return new Unavailable('memcached', `${resource} did not answer ${command}`, { cause: error })
}
