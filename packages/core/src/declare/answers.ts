/**
 * Owns what is made of the answers of a user's functions that must be synchronous and must not fail: predicates, key functions,
 * upgrades. Whatever they throw or answer, nothing but a SpaceshipError `schema` comes out.
 */

import { SpaceshipError } from '../errors.ts'
import { ignoreRejection, isThenable, kindOf } from '../foreign.ts'

/**
 * The answer of a function of a user's, if it is one at once.
 *
 * @param what names the function, with whose it is
 * @throws SpaceshipError `schema` if it throws, or answers with a promise
 */
export function answerOf<T>(ask: () => T, what: string): T {
  let answer: T
  let later: boolean
  try {
    answer = ask()
    later = isThenable(answer)
  } catch (cause) {
    ignoreRejection(cause)
    throw new SpaceshipError('schema', `${what} threw`, { cause })
  }
  if (later) refusePromise(answer, what)
  return answer
}

/** @throws SpaceshipError `schema` */
function refusePromise(answer: unknown, what: string): never {
  // Nobody waits for it, and a rejection that nobody handles ends the process.
  ignoreRejection(answer)
  throw new SpaceshipError('schema', `${what} answered with a promise: expected an answer at once`)
}

/** A key as text. @throws SpaceshipError `schema` for another answer */
export function keyOf(ask: () => unknown, what: string): string {
  const key = answerOf(ask, what)
  if (typeof key === 'string') return key
  throw new SpaceshipError('schema', `${what} answered with ${kindOf(key)}: expected a text`)
}
