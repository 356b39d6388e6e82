/**
 * Owns the last part of the story: errors in the logs become many, and few again. Its windows are the five minutes of the schedule, in the past;
 * the demo puts the ticks that a scheduler would have put.
 */

import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { tickEnvelope } from '@spaceship/core/engine'
import { jsonLines } from '@spaceship/core/log'
import { virtualClock } from '@spaceship/core/memory'
import type { Say } from './console.ts'
import { ERROR_WATCH } from './programs.ts'
import type { Line } from './report.ts'
import type { Pad } from './ship.ts'

/** What the story does for this part of it. */
export interface Telling {
  readonly say: Say
  readonly note: (line: Line) => void
  /** A message that must come, measured from the moment `since`. */
  readonly message: (what: string, since: number, channel: string, text: string) => Promise<void>
}

const MINUTE = 60_000
const WINDOW = 5 * MINUTE
const ROUTE = 'error-watch/count-errors'

const clockTime = (time: number) => new Date(time).toISOString().slice(11, 16)

export async function tellOfErrors({ ship, logs }: Pad, { say, note, message }: Telling): Promise<void> {
  const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
  // The delay of the schedule has passed, too.
  const quiet = Math.floor((Date.now() - MINUTE) / WINDOW) * WINDOW - WINDOW
  const loud = quiet - WINDOW

  function log(within: number, count: number, level: 'info' | 'error', text: string): void {
    const clock = virtualClock(new Date(within + MINUTE))
    const logger = jsonLines({ service: 'checkout', clock, write: logs.keep })
    for (let n = 0; n < count; n += 1) logger[level](text)
  }

  /** @returns when it was put */
  async function tick(window: number): Promise<number> {
    const scheduled = new Date(window + WINDOW + MINUTE / 2).toISOString()
    const envelope = tickEnvelope({ application: 'error-watch', route: ROUTE, scheduled })
    const at = Date.now()
    const Data = new TextEncoder().encode(envelope)
    await kinesis.send(new PutRecordCommand({ StreamName: ERROR_WATCH.stream, PartitionKey: ROUTE, Data }))
    return at
  }

  const of = (window: number) => `from ${clockTime(window)} to ${clockTime(window + WINDOW)} UTC`
  try {
    say(`120 requests have failed ${of(loud)}, none after that: the log lines are in logs-*`)
    log(loud, 120, 'error', 'the request failed')
    log(quiet, 3, 'info', 'the request was answered')
    await logs.ship()
    const alarm = `120 errors ${of(loud)}, too many for 5 minutes now`
    await message('ops hears of 120 errors', await tick(loud), '#ops', alarm)
    say('the tick comes twice more, then that of the next window')
    await tick(loud)
    await tick(loud)
    const over = `It is over, after 5 minutes: 0 errors ${of(quiet)}`
    await message('ops hears that it is over', await tick(quiet), '#ops', over)
    const told = ship.slack.messages.filter(({ text }) => text === alarm).length
    note({
      what: 'a tick that is repeated tells nothing',
      expected: '1 alert',
      seen: `${told} alert${told === 1 ? '' : 's'}`,
    })
  } finally {
    kinesis.destroy()
  }
}
