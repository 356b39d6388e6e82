/** Owns the ticks of `every` on the embedded ship, which a schedule puts on the stream elsewhere: a record at the end of each window. */

import { KinesisClient, type KinesisClientConfig, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { cron } from '@spaceship/core/cron'
import { nextEnd, tickEnvelope } from '@spaceship/core/engine'
import { systemClock } from '@spaceship/core/ports'
import type { Plan } from './plan.ts'

type Ticking = Pick<Plan, 'application' | 'schedules' | 'streams'>

export interface Ticks extends Disposable {
  /** From now on these, instead of those before. */
  follow(plan: Ticking): void
}

export function ticksOn(kinesis: KinesisClientConfig, say: (text: string) => void): Ticks {
  const client = new KinesisClient(kinesis)
  let following = new AbortController()

  async function tick({ application, streams }: Ticking, route: string, moment: number): Promise<void> {
    const scheduled = new Date(moment).toISOString()
    const Data = new TextEncoder().encode(tickEnvelope({ application, route, scheduled }))
    await client.send(new PutRecordCommand({ StreamName: streams[0], PartitionKey: route, Data }))
  }

  /** @param signal never rejects with it: it ends the loop */
  async function repeat(
    plan: Ticking,
    { route, schedule: { each, cron: times, delay } }: Plan['schedules'][number],
    signal: AbortSignal,
  ) {
    // A schedule has one of the two.
    const windows = each ?? cron(times?.expression ?? '', { zone: times?.zone ?? 'UTC' })
    while (!signal.aborted) {
      const now = Date.now()
      const next = nextEnd(windows, now - delay) + delay
      await systemClock.sleep(next - now, signal)
      if (signal.aborted) return
      await tick(plan, route, next).catch((error) => say(`the tick of ${route} was not put: ${error}`))
    }
  }

  return {
    follow: (plan) => {
      following.abort()
      following = new AbortController()
      // Never rejects: a clock's sleep does not, and a put that fails is told.
      for (const schedule of plan.schedules) void repeat(plan, schedule, following.signal)
    },
    [Symbol.dispose]: () => {
      following.abort()
      client.destroy()
    },
  }
}
