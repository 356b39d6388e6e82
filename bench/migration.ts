/** Flies a function by hand and one of Spaceship on the same Kinesis events, for the guides that lead from one to the other. */

import { marshal } from '@spaceship/core'
import type { Context, KinesisStreamEvent } from 'aws-lambda'
import { kinesisEvent } from './event.ts'

interface Row {
  readonly id: string
  readonly name: string
  readonly plan: 'trial' | 'paid'
}

/** What a function does to the world. */
interface Outside {
  say(text: string): Promise<void>
  index(id: string, row: Row | undefined): Promise<void>
}

type Invoke = (event: KinesisStreamEvent, context: Context) => Promise<unknown>

export interface Flown {
  /** What was said, in order. */
  readonly said: readonly string[]
  /** The ids that are in the index at the end. */
  readonly indexed: readonly string[]
  /** Records of the last answer that Lambda is to deliver again. */
  readonly again: number
}

const trial = { id: 'acme', name: 'Acme', plan: 'trial' } as const
const paid = { ...trial, plan: 'paid' } as const

/** A client comes, pays and goes. */
const story = [
  change('INSERT', 'acme', { NewImage: trial }),
  change('MODIFY', 'acme', { OldImage: trial, NewImage: paid }),
  change('REMOVE', 'acme', { OldImage: paid }),
]

/** A row that fits no schema, and the next one, which does. */
const poisoned = [
  change('INSERT', 'globex', { NewImage: { ...trial, id: 'globex', plan: 'gold' } }),
  change('INSERT', 'initech', { NewImage: { ...trial, id: 'initech', name: 'Initech' } }),
]

function change(eventName: string, id: string, images: Readonly<Record<string, Record<string, unknown>>>) {
  const marshalled = Object.fromEntries(Object.entries(images).map(([name, row]) => [name, marshal(row)]))
  return {
    eventID: `${eventName}-${id}`,
    eventName,
    tableName: 'clients',
    dynamodb: { ApproximateCreationDateTime: 1_796_000_000_000, Keys: marshal({ id }), ...marshalled },
  }
}

/** Lambda's argument, as far as a function looks at it. */
const eventOf = (changes: readonly object[]) =>
  kinesisEvent(changes.map((one) => JSON.stringify(one))) as KinesisStreamEvent // made as Lambda makes it

const context = { getRemainingTimeInMillis: () => 60_000 } as Context // functions ask for nothing else

/** The second message is refused once; then the whole batch comes again, as after a timeout. */
export async function flyTwice(make: (outside: Outside) => Invoke): Promise<Flown> {
  return flown(make, 2, [story, story])
}

/** The first row of the batch does not fit its schema, ever. */
export async function flyPoisoned(make: (outside: Outside) => Invoke): Promise<Flown> {
  return flown(make, undefined, [poisoned, poisoned])
}

async function flown(
  make: (outside: Outside) => Invoke,
  refused: number | undefined,
  batches: readonly (readonly object[])[],
): Promise<Flown> {
  const said: string[] = []
  const index = new Map<string, Row>()
  let calls = 0
  const invoke = make({
    say: async (text) => {
      calls += 1
      if (calls === refused) throw new Error('refused')
      said.push(text)
    },
    index: async (id, row) => void (row === undefined ? index.delete(id) : index.set(id, row)),
  })
  let again = 0
  for (const batch of batches) {
    const answer = await invoke(eventOf(batch), context)
    const { batchItemFailures = [] } = Object(answer)
    again = batchItemFailures.length
  }
  return { said, indexed: [...index.keys()], again }
}

/** A Redis of a Map, for what remembers keys there. */
export function mapCache() {
  const items = new Map<string, string>()
  return {
    get: async (key: string) => items.get(key) ?? null,
    set: async (key: unknown, value: unknown, options?: unknown) => {
      if (Object(options).NX === true && items.has(String(key))) return null
      items.set(String(key), String(value))
      return 'OK'
    },
    del: async (keys: readonly string[]) => keys.filter((key) => items.delete(key)).length,
  }
}
