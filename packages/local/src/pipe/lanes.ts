/**
 * One stream's way out. Records of one partition key wait in one *lane* and leave it one at a time, so a record that was
 * refused can never be overtaken by a later one of its key.
 *
 * ```
 * lane a: a3 a2 a1 ┐                       ┌ accepted ► gone from its lane
 * lane b:       b1 ┼► PutRecords(a1 b1 c1) ┤
 * lane c:    c2 c1 ┘                       └ refused  ► stays; backoff, then again
 * ```
 */

import { type AwsCall, isFields } from '../http/index.ts'
import type { Outbox } from './outbox.ts'
import type { PipeRecord } from './record.ts'

const MOST_RECORDS = 500
const MOST_BYTES = 4 * 1024 * 1024
const FIRST_BACKOFF = 5
const LONGEST_BACKOFF = 200
/** When closing, an obstacle that is not gone after so many attempts in a row is final. */
const LAST_ATTEMPTS = 12
const NOT_THERE = 'ResourceNotFoundException'

export interface Lanes {
  add(record: PipeRecord): void
  /** From now on a lasting failure ends with a line in the log instead of another attempt. */
  finish(): void
  /** Resolves once all lanes are empty, or the stream is not there; in the end, once they are empty. */
  settled(): Promise<void>
}

export interface LanesOptions {
  readonly stream: string
  readonly call: AwsCall
  readonly log: (line: string) => void
  /** Where records lie until they have arrived. */
  readonly outbox: Outbox
}

export function lanesTo({ stream, call, log, outbox }: LanesOptions): Lanes {
  const lanes = new Map<string, PipeRecord[]>()
  const waiters: (() => void)[] = []
  let running = false
  let finishing = false

  const add = (record: PipeRecord) => {
    const lane = lanes.get(record.partitionKey)
    if (lane === undefined) lanes.set(record.partitionKey, [record])
    else lane.push(record)
    // Never rejects: what a put throws is a refusal.
    if (!running) void run()
  }

  async function run(): Promise<void> {
    running = true
    let failures = 0
    while (lanes.size > 0) {
      const batch = heads(lanes)
      // Whoever comes during this attempt may know of a stream that has been made meanwhile.
      const asking = waiters.length
      const refusals = await putAll(call, stream, batch)
      const arrived = batch.filter((_, index) => refusals[index] === undefined)
      for (const record of arrived) leave(lanes, record)
      outbox.remove(arrived)
      const refusal = refusals.find((reason) => reason !== undefined)
      if (refusal === undefined) {
        failures = 0
        continue
      }
      failures += 1
      if (asking > 0 && refusal === NOT_THERE && !finishing && (await isGone(call, stream)))
        for (const wake of waiters.splice(0, asking)) wake()
      if (failures === 10) log(`pipe: stream '${stream}' keeps refusing records (${refusal}); still trying`)
      if (finishing && failures >= LAST_ATTEMPTS) {
        const waiting = [...lanes.values()].reduce((sum, lane) => sum + lane.length, 0)
        const then = outbox.durable ? ': the next launch tries them again' : ''
        log(
          `pipe: closed with ${waiting} change(s) that stream '${stream}' does not take (${refusal})${then}`,
        )
        lanes.clear()
        break
      }
      await pause(Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.min(failures, 10)))
    }
    running = false
    for (const wake of waiters.splice(0)) wake()
  }

  return {
    add,
    finish: () => {
      finishing = true
    },
    settled: () => (running ? new Promise<void>((resolve) => void waiters.push(resolve)) : Promise.resolve()),
  }
}

/** One that is being made, or deleted, takes no records either. */
async function isGone(call: AwsCall, stream: string): Promise<boolean> {
  const answer = await call('DescribeStreamSummary', { StreamName: stream }).catch(() => undefined)
  return answer?.ok === false && answer.error === NOT_THERE
}

function heads(lanes: ReadonlyMap<string, readonly PipeRecord[]>): PipeRecord[] {
  const batch: PipeRecord[] = []
  let bytes = 0
  for (const [head] of lanes.values()) {
    if (head === undefined) continue
    bytes += head.data.length
    if (batch.length > 0 && (bytes > MOST_BYTES || batch.length === MOST_RECORDS)) break
    batch.push(head)
  }
  return batch
}

/** A lane that goes on moves to the end, so that a busy key cannot starve the others. */
function leave(lanes: Map<string, PipeRecord[]>, { partitionKey }: PipeRecord): void {
  const lane = lanes.get(partitionKey)
  lane?.shift()
  lanes.delete(partitionKey)
  if (lane !== undefined && lane.length > 0) lanes.set(partitionKey, lane)
}

/** For each record why it was refused, or `undefined` if it arrived. */
async function putAll(
  call: AwsCall,
  stream: string,
  batch: readonly PipeRecord[],
): Promise<(string | undefined)[]> {
  const Records = batch.map(({ partitionKey, data }) => ({
    PartitionKey: partitionKey,
    Data: data.toString('base64'),
  }))
  const answer = await call('PutRecords', { StreamName: stream, Records }).catch(() => undefined)
  if (answer === undefined || !answer.ok) return batch.map(() => answer?.error ?? 'no answer')
  const entries: unknown[] = Array.isArray(answer.output.Records) ? answer.output.Records : []
  return batch.map((_, index) => {
    const entry = entries[index]
    if (!isFields(entry)) return 'no answer'
    return typeof entry.ErrorCode === 'string' ? entry.ErrorCode : undefined
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
