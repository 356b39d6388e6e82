/** `node size.ts KIND COUNT [PORT]`: the bytes that a process has grown by once so many reminders wait, in memory or on Redis. */

import { embeddedScheduler } from '@spaceship/core/embedded'
import { memoryEvents, memoryTimeline } from '@spaceship/core/memory'
import { redisTimeline } from '@spaceship/handlers/redis'
import { Redis } from 'ioredis'
import { executionOf } from './executions.ts'

const [kind = 'memory', count = '0', port = '0'] = process.argv.slice(2)
const redis = kind === 'redis' ? new Redis(Number(port), '127.0.0.1') : undefined
const timeline =
  redis === undefined
    ? memoryTimeline()
    : redisTimeline({
        application: 'bench',
        command: (...args) => redis.call(...args),
        prefix: `size-${count}:`,
      })
const scheduler = embeddedScheduler({ timeline, sink: memoryEvents() })
const FAR = Date.UTC(2100, 0)
/** Calls that are on their way at the same time. */
const TOGETHER = 256

async function fill(from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += TOGETHER)
    await Promise.all(
      Array.from({ length: Math.min(TOGETHER, to - n) }, (_, i) =>
        scheduler.start(executionOf(n + i, new Date(FAR + n + i))),
      ),
    )
}

const used = () => {
  for (let n = 0; n < 3; n += 1) globalThis.gc?.()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

// What the first ones load is no matter of how many there are.
const WARM = 10_000
await fill(0, WARM)
const before = used()
await fill(WARM, WARM + Number(count))
console.log(used() - before)
redis?.disconnect()
process.exit(0)
