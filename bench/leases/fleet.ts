/**
 * `node fleet.ts SHARDS WORKERS MINUTES LOAD`: what a fleet of real workers asks of DynamoDB within so many minutes of virtual time, once each of
 * them has its share; then what it asks within the 30 s after one worker has left. JSON on one line.
 *
 * | load    | each read of a shard, once a second, brings | handlers                                                         |
 * |---------|---------------------------------------------|------------------------------------------------------------------|
 * | idle    | nothing                                     |                                                                  |
 * | busy    | two records                                 | do nothing: the checkpoint moves with each read                  |
 * | journal | five records                                | take up to 0.3 s, end in no order: journals with the checkpoints |
 *
 * The rows of the table name their owners when the fleet starts, as after a restart: so each worker has its share at once.
 */

import { reactor } from '@spaceship/core'
import { virtualClock } from '@spaceship/core/memory'
import { chanceOf } from '@spaceship/core/testing'
import { type Worker, worker } from '@spaceship/runtime-k8s'
import { Client } from '../clients.ts'
import { hashRange, STREAM, STREAM_ID, sequenceNumber, shardId, standInStream } from './stream.ts'
import { type Bill, countingTables, type Item, sizeOf } from './table.ts'

const LOADS: Readonly<Record<string, { readonly perRead: number; readonly takes: number }>> = {
  idle: { perRead: 0, takes: 0 },
  busy: { perRead: 2, takes: 0 },
  journal: { perRead: 5, takes: 300 },
}
const [shards = 0, workers = 0, minutes = 0] = process.argv.slice(2).map(Number)
const { perRead = 0, takes = 0 } = LOADS[process.argv[5] ?? ''] ?? {}
const APPLICATION = 'onboarding'
const MINUTE = 60_000
/** Until the requests of the start are over. */
const SETTLING = 2 * MINUTE
const DEPARTURE = 30_000

export interface FleetBill {
  /** Of all the minutes. */
  readonly steady: Bill
  readonly departure: Bill
  /** Bytes of the lease table at the end of the steady minutes, and records that were handled in them. */
  readonly bytes: number
  readonly handled: number
}

const clock = virtualClock()
const tables = countingTables()
const stream = standInStream(shards, perRead, clock.now)
let handled = 0

function rowOf(n: number): Item {
  const [start, end] = hashRange(n, shards)
  return {
    leaseKey: { S: `${STREAM_ID}:${shardId(n)}` },
    streamName: { S: STREAM_ID },
    shardId: { S: shardId(n) },
    leaseCounter: { N: '0' },
    // Something was read before.
    checkpoint: { S: sequenceNumber(0) },
    checkpointSubSequenceNumber: { N: '0' },
    ownerSwitchesSinceCheckpoint: { N: '0' },
    application: { S: APPLICATION },
    startingHashKey: { S: start },
    endingHashKey: { S: end },
    leaseOwner: { S: fleet[n % workers]?.id ?? '' },
  }
}

function made(n: number): Worker {
  const { random } = chanceOf(workers + n)
  const handle = async () => {
    if (takes > 0) await clock.sleep(takes * random())
    handled += 1
  }
  const see = reactor('bench').on('see', Client.saved('client.saved'), handle, { effect: 'journal' })
  return worker([see], {
    application: APPLICATION,
    streams: [STREAM],
    // Of both clients `send` alone is used.
    kinesis: stream as never,
    dynamodb: tables.client as never,
    clock,
    random: chanceOf(n + 1).random,
    logger: { debug: () => {}, info: () => {}, warn: told, error: told },
  })
}

/** Nothing goes wrong here, but for the line about schedules and new tables. */
function told(message: string, fields?: unknown): void {
  console.error(message, JSON.stringify(fields))
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
const pass = (ms: number) => clock.moveTo(clock.now() + ms, settled)

// Each worker listens for SIGTERM.
process.setMaxListeners(0)
const fleet = Array.from({ length: workers }, (_, n) => made(n))
for (let n = 0; n < shards; n += 1) tables.seed(APPLICATION, rowOf(n))
for (const one of fleet) void one.run()
await settled()
await pass(SETTLING)
assertShared()
tables.settle()
handled = 0
await pass(minutes * MINUTE)
assertShared()
const steady = tables.settle()
const bytes = tables.items(APPLICATION).reduce((sum, item) => sum + sizeOf(item), 0)
const done = handled
const leaving = fleet[0]?.stop()
await pass(DEPARTURE)
await leaving
const departure = tables.settle()
const bill: FleetBill = { steady, departure, bytes, handled: done }
console.log(JSON.stringify(bill))
process.exit(0)

/** @throws if a worker has more or less than its share, or a lease was not renewed */
function assertShared(): void {
  const owners = Map.groupBy(tables.items(APPLICATION), (item) => item.leaseOwner?.S)
  const counts = [...owners.values()].map((items) => items.length)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  if (owners.size !== workers || most - least > 1)
    throw new Error(`${owners.size} of ${workers} workers have ${least} to ${most} shards each`)
}
