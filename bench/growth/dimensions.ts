/**
 * Owns what grows. Each dimension says, for a size, which reactors and how many records an engine of that size has:
 *
 * | dimension       | grows                          | and the records                                                   |
 * |-----------------|--------------------------------|-------------------------------------------------------------------|
 * | records         | records that wait              | stand in a hundred lanes behind handlers that hang                |
 * | lanes           | lanes with a record            | stand in one lane each, behind handlers that hang                 |
 * | routes          | routes, each for its own table | are wanted by one route each, behind handlers that hang           |
 * | parked lanes    | lanes that are parked          | are refused for good, then one more of each lane comes            |
 * | waiting batches | batches that are full          | are alone in their batch, behind four batches that hang           |
 * | open claims     | handlers that hold a claim     | are all claimed and running at the same time                      |
 */

import { batch, entity, marshal, Permanent, type Reactor, type RouteOptions, reactor } from '@spaceship/core'
import type { StreamRecord } from '@spaceship/core/engine'
import type { StandardSchemaV1 } from '@standard-schema/spec'

export interface Growing {
  readonly reactors: readonly Reactor[]
  readonly records: readonly StreamRecord[]
  readonly concurrency: number
  /** How many handlers run when everything waits; zero if nothing is to wait. */
  readonly running: number
}

/** @param hang what each handler calls and waits for: it ends when the bench lets it */
export type Dimension = (size: number, hang: Hang) => Growing

type Hang = () => unknown

const CONCURRENCY = 16
const LANES = 100
const BATCHES = 4
/** A reactor with more would be a program that nobody writes. */
const ROUTES = 100

interface Row {
  readonly id: string
}

/** Lets every record through: all are made here, and have an id. */
const anything: StandardSchemaV1<Row> = {
  '~standard': { version: 1, vendor: 'none', validate: (value) => ({ value: value as Row }) },
}

const saved = tableOf(0)

function tableOf(n: number) {
  return entity(`e${n}`, { table: `t${n}`, key: 'id', schema: anything }).saved(`e${n}.saved`)
}

export const dimensions: Readonly<Record<string, Dimension>> = {
  records: (size, hang) => ({
    ...waiting(hang),
    records: recordsOf(size, (n) => ({ id: n % LANES })),
  }),
  lanes: (size, hang) => ({ ...waiting(hang), records: recordsOf(size, (n) => ({ id: n })) }),
  routes: (size, hang) => ({
    ...waiting(hang),
    reactors: Array.from({ length: size / ROUTES }, (_, r) =>
      Array.from({ length: ROUTES }, (_, n) => r * ROUTES + n).reduce(
        (made, n) => made.on(`see-${n}`, tableOf(n), hang, PATIENT),
        reactor(`bench-${r}`),
      ),
    ),
    records: recordsOf(size, (n) => ({ id: n, table: n })),
  }),
  'parked lanes': (size) => ({
    concurrency: CONCURRENCY,
    running: 0,
    reactors: [
      reactor('bench', { whenExhausted: 'park' }).on('see', saved, () => {
        throw new Permanent('never')
      }),
    ],
    records: recordsOf(2 * size, (n) => ({ id: n % size })),
  }),
  'waiting batches': (size, hang) => ({
    concurrency: size,
    running: BATCHES,
    reactors: [
      reactor('bench').on('see', saved, batch({ size: 1 }, hang), { ...PATIENT, concurrency: BATCHES }),
    ],
    records: recordsOf(size, (n) => ({ id: n })),
  }),
  'open claims': (size, hang) => ({
    ...waiting(hang, { effect: 'claim' }),
    concurrency: size,
    running: size,
    records: recordsOf(size, (n) => ({ id: n })),
  }),
}

/** Longer than any case may take. */
const PATIENT: RouteOptions = { timeout: '1h' }

function waiting(hang: Hang, options: RouteOptions = {}): Omit<Growing, 'records'> {
  return {
    reactors: [reactor('bench').on('see', saved, hang, { ...PATIENT, ...options })],
    concurrency: CONCURRENCY,
    running: CONCURRENCY,
  }
}

function recordsOf(
  count: number,
  place: (n: number) => { readonly id: number; readonly table?: number },
): StreamRecord[] {
  return Array.from({ length: count }, (_, n) => {
    const { id, table = 0 } = place(n)
    const image = marshal({ id: String(id) })
    const change = {
      eventID: `event-${n}`,
      eventName: 'INSERT',
      tableName: `t${table}`,
      dynamodb: { ApproximateCreationDateTime: 1_796_000_000_000 + n, Keys: image, NewImage: image },
    }
    return {
      sequence: String(n + 1),
      subSequence: 0,
      partitionKey: String(id),
      data: new TextEncoder().encode(
        JSON.stringify({ ...change, awsRegion: 'eu-west-1', eventSource: 'aws:dynamodb' }),
      ),
      arrivedAt: new Date(0),
    }
  })
}
