/** Owns what an operator does about reminders, by their names: nobody needs the declarations for it. */

import { refuse } from '../errors.ts'
import { reminderKey } from '../state/index.ts'
import { type Book, cancelIn, moveIn, type Which } from './book.ts'
import { CANNOT_LIST, type EntryAt, inOrder } from './calendar.ts'
import { describeState, type Inspection, inspectIn, type Listed } from './inspect.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import { load } from './state.ts'

export interface ReminderDesk {
  /**
   * What was scheduled for a range of time, in its order: pending, and what has become of it since. It reads the
   * calendar, which exists in a state store that can list.
   *
   * @throws SpaceshipError `state` for an item that is something else
   * @throws ConfigurationError for a store that cannot list
   */
  list(range: { readonly from: Date; readonly to: Date }): AsyncIterable<Listed>
  /** What is known of a reminder; undefined if nobody has scheduled it, or its retention is over. */
  inspect(reminder: string, key: string): Promise<Inspection | undefined>
  /** Cancels what is pending, and says truthfully if that came too late. */
  cancel(reminder: string, key: string): Promise<Outcome>
  /** Sends what is pending now instead of when it is due: its last look at the row included. */
  fire(reminder: string, key: string): Promise<Outcome>
}

const HOUR = 3_600_000

/** States that are read at the same time. */
const TOGETHER = 32

export function deskOf(book: Book): ReminderDesk {
  const command = async (which: Which, decide: Promise<Parameters<typeof outcomeOf>[0]>) =>
    outcomeOf(await decide, which.key)
  return {
    list: ({ from, to }) => listed(book, from.getTime(), to.getTime()),
    inspect: (reminder, key) => inspectIn(book, { reminder, key }),
    cancel: (reminder, key) => command({ reminder, key }, cancelIn(book, { reminder, key }, {})),
    fire: (reminder, key) =>
      command({ reminder, key }, moveIn(book, { reminder, key }, book.clock.now(), {})),
  }
}

async function* listed(book: Book, from: number, to: number): AsyncGenerator<Listed> {
  const { application, state } = book
  refuse('reminders', state.list === undefined ? [CANNOT_LIST] : [])
  // Whole hours cost fewer requests than the minutes before and after them.
  const [first, last] = [Math.floor(from / HOUR) * HOUR, Math.ceil(to / HOUR) * HOUR]
  let some: EntryAt[] = []
  for await (const entry of inOrder(state, application, first, last)) {
    // What is entered again is told where it was entered first.
    if (entry.looks > 0 || entry.at < from || entry.at >= to) continue
    some.push(entry)
    if (some.length < TOGETHER) continue
    yield* await standing(book, some)
    some = []
  }
  yield* await standing(book, some)
}

/** Those of the entries whose generation stands. */
async function standing({ application, state }: Book, entries: readonly EntryAt[]): Promise<Listed[]> {
  const states = await Promise.all(
    entries.map(({ reminder, key }) => load(state, reminderKey(application, reminder, key))),
  )
  return entries.flatMap(({ reminder, key, generation, at }, i) => {
    const found = states[i]
    // A decision that lost a race may have entered the winner's generation at another time.
    const isOwn = found?.generation === generation && found.dueAt <= at
    return isOwn ? [describeState(application, { reminder, key }, found)] : []
  })
}
