/** The embedded scheduler on Redis, with several that run, on a clock that stands still. */

import { reminderSchedulerCases } from '@spaceship/core/conformance'
import { stateTimeline } from '@spaceship/core/embedded'
import { virtualClock } from '@spaceship/core/memory'
import type { Clock, Timeline } from '@spaceship/core/ports'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../../scripts/redis-server.ts'
import { runnersOn } from '../../../core/test/runners.ts'
import { type RedisCommand, redisState, redisTimeline } from './index.ts'

let server: RedisServer
let redis: Redis

beforeAll(async () => {
  server = await startRedis()
  redis = new Redis(server.port, '127.0.0.1')
})

afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

const command: RedisCommand = (...args) => redis.call(...args)

const timelines: Readonly<Record<string, (id: string) => (clock: Clock) => Timeline>> = {
  redisTimeline: (application) => () => redisTimeline({ application, command }),
  'stateTimeline on redisState': (application) => (clock) =>
    stateTimeline({ application, state: redisState({ command }), clock }),
}

for (const [name, make] of Object.entries(timelines)) {
  describe(`embeddedScheduler on ${name}, three that run`, () => {
    for (const { name, run } of reminderSchedulerCases) {
      test(name, async () => {
        // Redis expires nothing of a timeline, so its clock need not stand with this one.
        const clock = virtualClock()
        const runners = runnersOn(clock, make(crypto.randomUUID()))
        const { scheduler } = runners.begin()
        runners.begin()
        runners.begin()
        let told = 0
        const fired = async (until: number) => {
          await runners.moveTo(Math.max(until, clock.now()))
          const records = runners.fired.slice(told).map(({ record }) => record)
          told = runners.fired.length
          return records
        }
        await run({ scheduler, now: clock.now, fired })
        await runners.end()
      })
    }

    test('killed amid a backlog, others put the rest, and at most one batch is repeated', async () => {
      const clock = virtualClock()
      const runners = runnersOn(clock, make(crypto.randomUUID()))
      const starter = runners.begin({}, false).scheduler
      const names = Array.from({ length: 1_000 }, (_, n) => `r${n}`)
      const dueAt = new Date(clock.now())
      await Promise.all(
        names.map((name) => starter.start({ name, dueAt, envelope: name, partitionKey: name })),
      )
      const dying = runners.begin({ batch: 50 })
      dying.dieAt(11, 'before')
      await runners.settled()
      expect(dying.alive).toBe(false)
      for (let n = 0; n < 3; n += 1) runners.begin({ batch: 50 })
      await runners.moveTo(clock.now() + 40_000)
      expect(new Set(runners.fired.map(({ text }) => text)).size).toBe(1_000)
      expect(runners.fired.length).toBeLessThanOrEqual(1_050)
      await runners.end()
    })
  })
}
