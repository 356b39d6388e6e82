/** Owns the time of a command: the wait for the connection and for the answer are within one bound. */

import type { Cluster, Redis } from 'ioredis'
import type { RedisCommand } from '../redis/index.ts'

export interface Bounded {
  readonly command: RedisCommand
  /** Lets the server answer what is under way, within the bound. It never rejects. */
  close(): Promise<void>
}

interface Waiter {
  readonly go: () => void
  readonly fail: (why: unknown) => void
}

/** @param timeout in milliseconds */
export function bounded(client: Redis | Cluster, timeout: number): Bounded {
  const waiters = new Set<Waiter>()
  let closed = false
  /** Why there is no connection; undefined once there is one. */
  let lost: unknown

  client.on('ready', () => {
    lost = undefined
    for (const { go } of waiters) go()
    waiters.clear()
  })
  client.on('error', (error) => fail(error))
  client.on('end', () => fail(lost ?? new Error('the connection to Redis is closed')))

  function fail(why: unknown) {
    lost = why
    for (const waiter of waiters) waiter.fail(why)
    waiters.clear()
  }

  /** Rejects as the next attempt to connect fails: whoever waits is told soon, and of what is wrong. */
  function connected(anew: boolean): Promise<void> {
    if (closed) return Promise.reject(new Error('the connection to Redis was closed by its owner'))
    if (client.status === 'ready' && !anew) return Promise.resolve()
    return new Promise((go, fail) => {
      waiters.add({ go, fail })
      // Its errors come as events.
      if (client.status === 'wait' || client.status === 'end') client.connect().catch(() => {})
    })
  }

  /** Asks again what was never sent, because the connection was about to close. */
  async function ask(args: Parameters<RedisCommand>, isOver: () => boolean): Promise<unknown> {
    for (let anew = false; ; anew = true) {
      await connected(anew)
      // What comes after the time is up is not sent any more: its caller has been told.
      if (isOver()) return undefined
      try {
        return await client.call(...args)
      } catch (error) {
        if (!UNSENT.test(String(Object(error).message))) throw error
      }
    }
  }

  function command(...args: Parameters<RedisCommand>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let over = false
      const timer = setTimeout(() => {
        over = true
        const silent = new Error(`Redis has not answered ${args[0]} within ${timeout} ms`)
        reject(client.status === 'ready' ? silent : (lost ?? silent))
      }, timeout)
      // Never rejects: both outcomes are the caller's, and what follows them throws nothing.
      ask(args, () => over)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
    })
  }

  const underWay = new Set<Promise<unknown>>()
  return {
    command: async (...args) => {
      const asked = command(...args)
      underWay.add(asked)
      try {
        return await asked
      } finally {
        underWay.delete(asked)
      }
    },
    close: async () => {
      await Promise.allSettled(underWay)
      if (!closed && client.status === 'ready') await ended(client, timeout)
      closed = true
    },
  }
}

/** What ioredis says of a command that it did not send. */
const UNSENT = /^(Stream isn't writeable|Cluster isn't ready) and enableOfflineQueue/

function ended(client: Redis | Cluster, timeout: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeout)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    client.quit().then(done, done)
  })
}
