/**
 * Owns what the errors of Redis mean. Clients throw what the server answers as the message of an error.
 *
 * | the answer begins with                              | is                                                     |
 * |-----------------------------------------------------|--------------------------------------------------------|
 * | `NOAUTH`, `WRONGPASS`, `NOPERM`, `DENIED`            | set-up `denied`                                        |
 * | `ERR unknown command`                               | set-up `unknown-operation`                             |
 * | `MOVED`, `ASK`, `CROSSSLOT`                          | set-up `unknown-operation`: a cluster, by a client of one node |
 * | `WRONGTYPE`                                         | Permanent: somebody else's key; choose another prefix  |
 * | `ERR invalid`, `ERR value`, `ERR syntax`, `ERR wrong number`, `ERR string exceeds` | Permanent               |
 * | no answer, because nobody knows the host (`ENOTFOUND`) | set-up `unknown-operation`                          |
 * | TLS: a certificate that is not trusted, or no TLS there | set-up `unknown-operation`                         |
 * | anything else, or no answer                         | an outage                                              |
 *
 * What a script of ours was answered counts like what we were answered ourselves.
 */

import { Permanent, Unavailable } from '@spaceship/core'
import { isOfTls, networkCode, withoutArguments } from '../network/index.ts'

const DENIED = ['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED']
const OTHER_NODE = ['MOVED', 'ASK', 'CROSSSLOT']

/** @param command its name, for the message */
export function classified(command: string, error: unknown): Permanent | Unavailable {
  const answer = answerOf(error)
  const cause = withoutArguments(error)
  const [word = ''] = answer.split(' ')
  const unknown = (message: string, advice: string) => {
    const setup = { reason: 'unknown-operation', resource: 'Redis', advice } as const
    return new Unavailable('redis', `${message}: ${advice}`, { cause, setup })
  }
  if (DENIED.includes(word) || /^ERR The user executing the script can't/.test(answer)) {
    const advice = `give the client a user and password that may run ${command} on the keys of this prefix`
    const setup = { reason: 'denied', resource: 'Redis', advice } as const
    return new Unavailable('redis', `Redis refused ${command} (${word}): ${advice}`, { cause, setup })
  }
  if (/^ERR unknown (redis )?command/i.test(answer))
    return unknown(
      `Redis knows no ${command}`,
      `use a Redis or Valkey that knows ${command}, and a 'command' that passes its arguments on as they are`,
    )
  if (OTHER_NODE.includes(word))
    return unknown(
      `Redis is a cluster (${word})`,
      "give 'command' a client of the whole cluster, not of one of its nodes",
    )
  const code = networkCode(error)
  if (code === 'ENOTFOUND')
    return unknown(
      'Redis cannot be reached',
      "check the host that the client of 'command' connects to: nobody knows it (ENOTFOUND)",
    )
  if (isOfTls(code))
    return unknown(
      `Redis and the client of 'command' have no TLS in common (${code})`,
      "give the client the 'ca' that has signed the server's certificate, and leave TLS out for a server without",
    )
  if (word === 'WRONGTYPE')
    return new Permanent("the key in Redis holds something else: choose another 'prefix'", { cause })
  if (/^ERR (invalid|value|syntax|wrong number|string exceeds)/.test(answer))
    return new Permanent(`Redis refused the arguments of ${command}`, { cause })
  return new Unavailable('redis', 'Redis did not answer', { cause })
}

/** Redis before 7 tells the error of a script with words of its own before it. */
function answerOf(error: unknown): string {
  const message = String(Object(error).message ?? '')
  return /^ERR Error running script .*?@user_script:\s*\d+: (.*)$/s.exec(message)?.[1] ?? message
}
