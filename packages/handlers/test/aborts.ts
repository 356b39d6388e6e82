/**
 * What every call of an adapter owes that takes a signal, wherever the abort comes: nothing is left unhandled, the caller is told the
 * signal's own reason, and the signal keeps no listener. A call without a signal owes it to be rejected with what its client gives up
 * for, at whichever of its requests that is.
 */

import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'

export interface Subject {
  /** Makes the call whose requests are aborted. */
  readonly call: (signal: AbortSignal) => Promise<unknown>
  /** Requests that the server or the client has got so far. */
  readonly requests: () => number
  /** Resolves when it has got so many. */
  readonly requested: (count: number) => Promise<void>
  /** Answers those that wait, and from then on each at once. */
  readonly answer: () => void
}

/** @param makes a subject for each case, whose requests wait for `answer` */
export function abortCases(name: string, makes: () => Promise<Subject> | Subject): void {
  test(`${name}: an abort before the call sends nothing`, async () => {
    const { call, requests } = await makes()
    const reason = new Error('too late')
    const signal = AbortSignal.abort(reason)
    expect(await told(call(signal))).toBe(reason)
    expect(requests()).toBe(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test(`${name}: an abort while the request is under way is told with its reason`, async () => {
    const { call, requested, answer } = await makes()
    const stop = new AbortController()
    const reason = new Error('the time is up')
    const calling = told(call(stop.signal))
    await requested(1)
    stop.abort(reason)
    expect(await calling).toBe(reason)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
    answer()
  })

  test(`${name}: an abort after the call changes nothing, and finds no listener`, async () => {
    const { call, answer } = await makes()
    const stop = new AbortController()
    answer()
    await call(stop.signal)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
    stop.abort(new Error('late'))
  })
}

/**
 * @param makes a call over `request`, which each of its requests to a client has to go through
 * @param count how many requests the call makes
 */
export function givesUpCases(
  name: string,
  count: number,
  makes: (request: (answer: unknown) => Promise<unknown>) => () => Promise<unknown>,
): void {
  for (let nth = 1; nth <= count + 1; nth += 1) {
    const none = nth > count
    test(`${name}: ${none ? 'no request is given up' : `request ${nth} of ${count} is given up`}`, async () => {
      const gone = Object.assign(new Error('the client was destroyed'), { name: 'AbortError' })
      let requests = 0
      const call = makes(async (answer) => {
        requests += 1
        await undefined
        if (requests === nth) throw gone
        return answer
      })
      const outcome = await told(call())
      if (none) expect([outcome, requests]).toEqual(['it resolved', count])
      else expect([outcome, Object(outcome).cause]).toContain(gone)
    })
  }
}

/** The reason with which a call is rejected. */
export async function told(calling: Promise<unknown>): Promise<unknown> {
  return calling.then(
    () => 'it resolved',
    (reason: unknown) => reason,
  )
}

/** Each test of the file fails if it leaves a rejection unhandled, in a promise or in a listener. */
export function watchUnhandled(): void {
  const unhandled: unknown[] = []
  const note = (error: unknown) => {
    unhandled.push(error)
  }
  beforeEach(() => {
    unhandled.length = 0
    process.on('unhandledRejection', note).on('uncaughtException', note)
  })
  afterEach(async () => {
    // What a listener's promise rejects with is thrown in a turn of its own.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note).off('uncaughtException', note)
    expect(unhandled.map(String)).toEqual([])
  })
}
