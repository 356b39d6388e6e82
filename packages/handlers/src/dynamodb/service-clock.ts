/**
 * Owns the clock of DynamoDB, as the `Date` of its answers tells it: errors have one too, and each attempt of a request is told by its own
 * answer. A command is listened to through a stack of its own, so that the client is as its owner made it.
 */

import type { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { type ClockOffset, createClockOffset } from '../network/index.ts'

export interface ServiceClock extends Pick<ClockOffset, 'offset' | 'now'> {
  /** The command, whose answers this clock will hear. */
  heard<C extends Command>(command: C): C
}

/** Of every command: what a command asks for and answers plays no part here. */
interface Command {
  readonly middlewareStack: unknown
}

/** Milliseconds that a `Date` leaves out. */
const SECOND = 1_000
/** Milliseconds for which a server may go on saying what it said before: servers make the header once for many answers. */
const STALE = 100

/** @param now this process's clock */
export function createServiceClock(now: () => number): ServiceClock {
  const clock = createClockOffset(now)

  function listen(stack: GetItemCommand['middlewareStack']): void {
    stack.add(
      (next) => async (args) => {
        const asked = now()
        const result = await next(args)
        const earliest = Date.parse(dateOf(result.response))
        clock.told({ asked, answered: now(), earliest, latest: earliest + SECOND + STALE })
        return result
      },
      // The last one before the network: those before it throw what the answer says.
      { step: 'deserialize', priority: 'low', name: 'spaceshipServiceClock', override: true },
    )
  }

  return {
    offset: clock.offset,
    now: clock.now,
    heard: (command) => {
      // The stacks of all commands are of one shape, and of this one's input and output nothing is used.
      listen(command.middlewareStack as GetItemCommand['middlewareStack'])
      return command
    },
  }
}

/** The header `Date` of an HTTP response; not a date if there is none. */
function dateOf(response: unknown): string {
  return String(Object(Object(response).headers).date)
}
