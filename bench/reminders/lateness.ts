/**
 * `node lateness.ts PROGRAM PORT`: how late delayed work comes, in milliseconds at the 99th percentile, while as much is scheduled for later:
 * on a timeline of Redis with a runner, or with a worker of BullMQ.
 */

import { embeddedScheduler } from '@spaceship/core/embedded'
import { redisTimeline } from '@spaceship/handlers/redis'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { executionOf } from './executions.ts'

const [program = '', port = '0'] = process.argv.slice(2)
const COUNT = 10_000
/** They are due within so many milliseconds, after so many. */
const [WITHIN, AFTER] = [4_000, 4_000]
const start = Date.now() + AFTER
const dueOf = (n: number) => start + Math.floor((n * WITHIN) / COUNT)
const late: number[] = []
const over = Promise.withResolvers<void>()

function came(n: number): void {
  late.push(Date.now() - dueOf(n))
  if (late.length === COUNT) over.resolve()
}

async function ours(): Promise<(n: number, due: number) => Promise<unknown>> {
  const redis = new Redis(Number(port), '127.0.0.1')
  const timeline = redisTimeline({
    application: 'bench',
    command: (...args) => redis.call(...args),
    prefix: `late-${process.pid}:`,
  })
  const sink = {
    put: async (records: readonly { readonly partitionKey: string }[]) => {
      for (const { partitionKey } of records) {
        const n = Number(partitionKey)
        if (n < COUNT) came(n)
      }
    },
  }
  const scheduler = embeddedScheduler({ timeline, sink })
  void scheduler.run(new AbortController().signal)
  return (n, due) => scheduler.start({ ...executionOf(n, new Date(due)), partitionKey: String(n) })
}

async function bullmq(): Promise<(n: number, due: number) => Promise<unknown>> {
  const connection = { host: '127.0.0.1', port: Number(port) }
  const queue = new Queue(`late-${process.pid}`, { connection })
  new Worker(
    `late-${process.pid}`,
    async ({ data }) => {
      if (data.n < COUNT) came(data.n)
    },
    { connection, concurrency: 64 },
  )
  return (n, due) => {
    const { name, envelope } = executionOf(n, new Date(due))
    return queue.add(
      'reminder',
      { envelope, n },
      { jobId: name, delay: Math.max(0, due - Date.now()), removeOnComplete: true },
    )
  }
}

const schedule = program === 'bullmq' ? await bullmq() : await ours()
for (let n = 0; n < COUNT; n += 64)
  await Promise.all(Array.from({ length: Math.min(64, COUNT - n) }, (_, i) => schedule(n + i, dueOf(n + i))))
// The load: others are scheduled meanwhile.
const far = Date.now() + 86_400_000
let isOver = false
const load = (async () => {
  for (let n = COUNT; !isOver && n < COUNT * 3; n += 8) {
    await Promise.all(Array.from({ length: 8 }, (_, i) => schedule(n + i, far)))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
})()
await over.promise
isOver = true
await load
late.sort((a, b) => a - b)
console.log(JSON.stringify({ p99: late[Math.floor(COUNT * 0.99)], least: late[0] }))
process.exit(0)
