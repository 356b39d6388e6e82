/**
 * Owns the ticks of routes made with `every`, where no scheduler puts them: the worker that holds the shard on which a route's ticks lie puts
 * one at the end of each window, under the route as its partition key.
 *
 * ```
 *   12:00        12:05        12:10        12:15
 *     │ worker A put 12:00,    │ dies before 12:10
 *     │                        └─ B takes the shard: puts 12:10 at once, then 12:15, ...
 * ```
 *
 * Two workers that both believe they hold the shard put a tick twice, for the same moment: the route's watermark makes the second one harmless,
 * as it does with a tick of a scheduler beside them. A tick that could not be put is put again until its window is over; what is missed
 * then is in the next one, by the route's `catchUp`.
 */

import { type KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { type EngineRoute, lastEnd, nextEnd, tickEnvelope } from '@spaceship/core/engine'
import type { Clock } from '@spaceship/core/ports'
import { answered, classified } from '@spaceship/handlers/aws'
import type { DirectTicks } from './direct.ts'
import { streamAt } from './shards/index.ts'
import type { Troubles } from './troubles.ts'

export interface TicksOptions {
  readonly application: string
  readonly routes: readonly EngineRoute[]
  /** The stream that gets the ticks. */
  readonly stream: { readonly name: string; readonly stream: string }
  readonly kinesis: KinesisClient
  readonly clock: Clock
  readonly troubles: Troubles
  /** Takes the ticks of routes that have them directly. */
  readonly direct: Pick<DirectTicks, 'put' | 'lost'>
  /** Whether this worker holds the shard of the stream that takes records of the partition key. */
  readonly holds: (partitionKey: string) => boolean
}

/** Milliseconds between two looks whether a shard has become ours. */
const LOOK = 1_000

const PUTTING = 'putting ticks'

/** Puts ticks until the signal. Never rejects. */
export async function keepTicking(options: TicksOptions, signal: AbortSignal): Promise<void> {
  const routes = options.routes.flatMap(({ key, schedule }) =>
    schedule === undefined ? [] : [{ key, schedule }],
  )
  await Promise.all(routes.map((route) => tickOne(options, route, signal)))
}

interface Ticking {
  readonly key: string
  readonly schedule: NonNullable<EngineRoute['schedule']>
}

async function tickOne(
  options: TicksOptions,
  { key, schedule }: Ticking,
  signal: AbortSignal,
): Promise<void> {
  const { clock, direct, holds, troubles } = options
  const { windows, delay, via } = schedule
  /** The last moment whose tick was put while the shard is held. Before the first one of all there is none. */
  let done: number | undefined
  /** The window that is open: from its moment to the next one. */
  let span: { readonly moment: number; readonly next: number } | undefined
  while (!signal.aborted) {
    const now = clock.now()
    let due = Number.POSITIVE_INFINITY
    try {
      const held = holds(key)
      // A cron that pauses is walked through for long: once for each of its windows, and for none of a shard that others hold.
      if (held && !(span !== undefined && span.moment <= now && now < span.next))
        span = { moment: lastEnd(windows, now - delay) + delay, next: nextEnd(windows, now - delay) + delay }
      const { moment, next } = span ?? { moment: Number.NEGATIVE_INFINITY, next: Number.POSITIVE_INFINITY }
      // Put while the clock was ahead. Of a clock that was ahead for less than a window nothing is put twice.
      if (done !== undefined && done > next) done = moment
      if (next > now) due = next
      if (!held) {
        if (done !== undefined && via === 'direct') direct.lost(key)
        done = undefined
        troubles.forget(PUTTING, key)
      } else if (Number.isFinite(moment) && (done === undefined || done < moment)) {
        if (await put(options, { key, schedule }, moment, signal)) done = moment
      }
    } catch (error) {
      // A cron may be anybody's object.
      troubles.failed(PUTTING, key, error)
    }
    // A put may take long, and is no part of the wait for the window that ends meanwhile.
    await clock.sleep(Math.min(LOOK, due - clock.now()), signal)
  }
}

/** @returns whether it was put */
async function put(
  { application, clock, stream, kinesis, direct, troubles }: TicksOptions,
  { key: route, schedule }: Ticking,
  moment: number,
  signal: AbortSignal,
): Promise<boolean> {
  const about = { dependency: 'kinesis', resource: `stream '${stream.name}'`, actions: ['kinesis:PutRecord'] }
  try {
    if (schedule.via === 'direct') {
      if (!(await direct.put(route, moment, signal))) return false
    } else {
      const scheduled = new Date(moment).toISOString()
      const Data = new TextEncoder().encode(tickEnvelope({ application, route, scheduled }))
      const command = new PutRecordCommand({ ...streamAt(stream.stream), PartitionKey: route, Data })
      const ask = (abortSignal: AbortSignal) => kinesis.send(command, { abortSignal })
      // Without an end no tick would follow.
      await answered('Kinesis', ask, { clock, signal })
    }
    troubles.over(PUTTING, route)
    return true
  } catch (error) {
    troubles.failed(PUTTING, route, classified(about, error))
    return false
  }
}
