/**
 * `node rates.ts PROGRAM PORT`: the milliseconds in which a program schedules and cancels delayed work on a Redis, one call after the
 * other, and with 64 on their way, and those of as many empty questions: JSON on one line.
 */

import { embeddedScheduler } from '@spaceship/core/embedded'
import { memoryEvents } from '@spaceship/core/memory'
import { redisTimeline } from '@spaceship/handlers/redis'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { executionOf } from './executions.ts'

interface Program {
  /** An empty question: no call of one command takes less. */
  ping?(): Promise<unknown>
  schedule(n: number): Promise<unknown>
  cancel(n: number): Promise<unknown>
}

const [program = '', port = '0'] = process.argv.slice(2)
const DUE = new Date(Date.now() + 86_400_000)
const SINGLE = 3_000
const TOGETHER = 64
const MANY = 20_000

function ours(): Program {
  const redis = new Redis(Number(port), '127.0.0.1')
  const timeline = redisTimeline({
    application: 'bench',
    command: (...args) => redis.call(...args),
    prefix: `rates-${process.pid}:`,
  })
  const scheduler = embeddedScheduler({ timeline, sink: memoryEvents() })
  return {
    schedule: (n) => scheduler.start(executionOf(n, DUE)),
    cancel: (n) => scheduler.stop(executionOf(n, DUE).name),
    ping: () => redis.ping(),
  }
}

function bullmq(): Program {
  const queue = new Queue(`rates-${process.pid}`, { connection: { host: '127.0.0.1', port: Number(port) } })
  const delay = DUE.getTime() - Date.now()
  return {
    schedule: (n) => {
      const { name, envelope, partitionKey } = executionOf(n, DUE)
      return queue.add('reminder', { envelope, partitionKey }, { jobId: name, delay })
    },
    cancel: (n) => queue.remove(executionOf(n, DUE).name),
  }
}

async function timed(
  count: number,
  together: number,
  call: (n: number) => Promise<unknown>,
): Promise<number> {
  let next = 0
  const began = performance.now()
  const lane = async () => {
    while (next < count) await call(next++)
  }
  await Promise.all(Array.from({ length: together }, lane))
  return performance.now() - began
}

const { schedule, cancel, ping } = program === 'bullmq' ? bullmq() : ours()
// Connected and compiled.
await timed(500, 16, schedule)
await timed(500, 16, cancel)
const single = { schedule: await timed(SINGLE, 1, schedule), cancel: await timed(SINGLE, 1, cancel) }
const many = { schedule: await timed(MANY, TOGETHER, schedule), cancel: await timed(MANY, TOGETHER, cancel) }
const floor = ping === undefined ? 0 : await timed(SINGLE, 1, ping)
console.log(JSON.stringify({ single, many, floor }))
process.exit(0)
