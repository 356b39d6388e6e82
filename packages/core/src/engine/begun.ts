/**
 * Owns what a handler begins through its context, and middleware by `next`, and may not wait for.
 *
 * | the handler, or middleware            | a failure of what it began                             |
 * |---------------------------------------|--------------------------------------------------------|
 * | awaits it, or hands it on             | is the handler's: it may catch it                      |
 * | returns without a look at it          | fails the attempt, which waits for its end             |
 * | fails itself                          | is nobody's: the attempt has failed                    |
 *
 * Without this a refusal that nobody awaits would end the process, as Node does with it.
 */

import { ignoreRejection } from '../foreign.ts'

/** Knows whether somebody waits for it: `await` and all others ask a promise of a class of its own through its `then`. */
class Begun<T> extends Promise<T> {
  isAwaited = false

  /** What follows on it is a promise as any other. */
  static override get [Symbol.species]() {
    return Promise
  }

  // biome-ignore lint/suspicious/noThenProperty: a promise has one
  override then<A = T, B = never>(
    done?: ((value: T) => A | PromiseLike<A>) | null,
    failed?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isAwaited = true
    return super.then(done, failed)
  }

  /** Waits without being noticed. */
  ended(): Promise<unknown> {
    return super.then()
  }
}

export class Beginnings {
  readonly #all: Begun<unknown>[] = []

  add<T>(work: Promise<T>): Promise<T> {
    const begun = new Begun<T>((resolve) => resolve(work))
    ignoreRejection(begun.ended())
    this.#all.push(begun)
    return begun
  }

  /** Waits for what nobody waits for. @throws what of it failed first */
  async end(): Promise<void> {
    const left = this.#all.filter(({ isAwaited }) => !isAwaited)
    await Promise.allSettled(left)
    await Promise.all(left)
  }
}
