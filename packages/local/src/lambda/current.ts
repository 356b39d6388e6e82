/**
 * The execution environment of a shard, which a new version of the function replaces between two invocations.
 *
 * ```
 * invoke ─► replace ─► replace ─► invoke        (one at a time, in the order of the calls)
 *             │ the former process is stopped; the next one starts with the next invocation
 * ```
 */
import type { Environment } from './environment.ts'
import type { Invoked } from './response.ts'

export interface CurrentEnvironment extends Environment {
  /** Resolves when the invocation that runs has ended and its process is stopped. Later invocations run in `next`. */
  replace(next: () => Environment): Promise<void>
}

export function currentEnvironment(first: Environment): CurrentEnvironment {
  let current = first
  let closed = false
  let last: Promise<unknown> = Promise.resolve()

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work)
    // Whoever called is told of a failure; the next in turn goes on.
    last = turn.catch(() => {})
    return turn
  }

  return {
    invoke: (event): Promise<Invoked> => inTurn(() => current.invoke(event)),
    replace: (next) =>
      inTurn(async () => {
        await current.close()
        if (!closed) current = next()
      }),
    get pid() {
      return current.pid
    },
    // Not in turn: closing ends the invocation that runs.
    close() {
      closed = true
      return current.close()
    },
  }
}
