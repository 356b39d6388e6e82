import type { Reply } from '../http/index.ts'

/** Bad days on demand: what the next requests meet instead of an answer. */
export interface Faults {
  throttle(options?: { times?: number; retryAfterSeconds?: number }): void
  fail(options?: { times?: number; status?: number; afterPosting?: boolean }): void
  /** The fault of the next request, which uses it up. */
  next(): Fault | undefined
  clear(): void
}

export interface Fault {
  readonly reply: Reply
  /** True if the message is posted although the answer is an error: the ambiguous case. */
  readonly afterPosting: boolean
}

export function createFaults(): Faults {
  let waiting: Fault[] = []
  const add = (times: number, fault: Fault) => {
    waiting = [...waiting, ...Array.from({ length: times }, () => fault)]
  }
  return {
    throttle({ times = 1, retryAfterSeconds = 1 } = {}) {
      const headers = { 'retry-after': String(retryAfterSeconds), 'content-type': 'application/json' }
      const body = JSON.stringify({ ok: false, error: 'ratelimited' })
      add(times, { reply: { status: 429, headers, body }, afterPosting: false })
    },
    fail({ times = 1, status = 500, afterPosting = false } = {}) {
      add(times, {
        reply: { status, headers: { 'content-type': 'text/plain' }, body: 'server_error' },
        afterPosting,
      })
    },
    next() {
      const [first, ...rest] = waiting
      waiting = rest
      return first
    },
    clear() {
      waiting = []
    },
  }
}
