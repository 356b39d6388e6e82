/**
 * Owns what is measured of whole processes against the embedded ship: a worker's start, the share that a second one gets, what follows on the
 * death of one, and what a backlog costs.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { launch, type Spaceship } from '@spaceship/local'
import { clientRecords } from '../clients.ts'
import { hashRange, shardId } from '../leases/stream.ts'
import type { Options } from '../result.ts'
import type { Cost, Line } from './lines.ts'

const SHARDS = 4
const STREAM = 'clients-cdc'
/** PutRecords takes no more. */
const TOGETHER = 500
/** Milliseconds after which something is wrong. */
const PATIENCE = 90_000

interface Pod {
  readonly child: ChildProcess
  /** Shards whose leases it has taken. */
  readonly taken: ReadonlySet<unknown>
  /** Resolves with the first line that fits, of those already printed too. */
  until(fits: (lines: readonly Line[]) => boolean): Promise<readonly Line[]>
}

function start(ship: Spaceship, { built }: Options, script: string, ...args: readonly string[]): Pod {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const conditions = built ? [] : ['--conditions=@spaceship/source']
  const child = spawn(process.execPath, [...conditions, file, ...args], {
    env: { ...process.env, ...ship.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Line[] = []
  const taken = new Set<unknown>()
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line: Line = JSON.parse(text)
    lines.push(line)
    if ('taken' in line) taken.add(line.taken)
    for (const look of waiting) look()
  })

  function until(fits: (lines: readonly Line[]) => boolean): Promise<readonly Line[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Line[]>()
    const late = setTimeout(() => reject(new Error(`nothing came of ${JSON.stringify(lines)}`)), PATIENCE)
    const look = () => {
      if (!fits(lines)) return
      clearTimeout(late)
      waiting.delete(look)
      resolve(lines)
    }
    waiting.add(look)
    look()
    return promise
  }
  return { child, taken, until }
}

/** Resolves when the process is gone. */
function kill({ child }: Pod): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  child.kill('SIGKILL')
  return gone
}

function idOf(text: string): string {
  return JSON.parse(text).dynamodb.Keys.id.S
}

async function put(kinesis: KinesisClient, texts: readonly string[], shardOf: (n: number) => number) {
  for (let at = 0; at < texts.length; at += TOGETHER) {
    const Records = texts.slice(at, at + TOGETHER).map((text, n) => ({
      Data: new TextEncoder().encode(text),
      PartitionKey: idOf(text),
      ExplicitHashKey: hashRange(shardOf(at + n), SHARDS)[0],
    }))
    const { FailedRecordCount } = await kinesis.send(new PutRecordsCommand({ StreamName: STREAM, Records }))
    if (FailedRecordCount !== 0) throw new Error(`${FailedRecordCount} records were not put`)
  }
}

const seconds = (since: number): number => (performance.now() - since) / 1_000

/** Between two looks at the lease table of a worker that looks for dead ones, in milliseconds: a third of the failover time. */
const LOOK = 10_000 / 3

/** Seconds of one worker's start, of a second one's way to its half, and from the first one's death to records of all its shards. */
export interface Lives {
  readonly start: number
  readonly share: number
  readonly failover: number
}

/** @param phase when the first one dies, as a part of the time between two looks of the second one: in [0, 1) */
export async function measureLives(options: Options, phase: number): Promise<Lives> {
  await using ship = await launch({ streams: [{ name: STREAM, shards: SHARDS }] })
  const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
  const texts = clientRecords(2 * SHARDS).inserts
  const pods: Pod[] = []
  try {
    const before = texts.slice(0, SHARDS)
    await put(kinesis, before, (n) => n)
    const began = performance.now()
    const first = start(ship, options, 'pod.ts', 'bench', STREAM)
    pods.push(first)
    await first.until((lines) => lines.some((line) => 'seen' in line))
    const started = seconds(began)
    await first.until(() => first.taken.size === SHARDS)

    const joined = performance.now()
    const second = start(ship, options, 'pod.ts', 'bench', STREAM)
    pods.push(second)
    await second.until(() => second.taken.size === SHARDS / 2)
    const share = seconds(joined)

    // The second one takes no more than it has; what it has not is the first one's.
    const orphaned = Array.from({ length: SHARDS }, (_, n) => n).filter((n) => !second.taken.has(shardId(n)))
    // Both have renewed what they have.
    await sleep((1 + phase) * LOOK)
    const died = performance.now()
    await kill(first)
    const after = texts.slice(SHARDS, SHARDS + orphaned.length)
    await put(kinesis, after, (n) => orphaned[n] ?? 0)
    const wanted = after.map(idOf)
    await second.until((lines) => {
      const seen = new Set(lines.flatMap((line) => ('seen' in line ? line.seen : [])))
      return wanted.every((id) => seen.has(id))
    })
    return { start: started, share, failover: seconds(died) }
  } finally {
    await Promise.all(pods.map(kill))
    kinesis.destroy()
  }
}

/** What the process of a program costs that finds so many records in its shards: a worker's, and one that is written by hand. */
export async function measureBacklog(
  options: Options,
  program: 'worker' | 'by hand',
  count: number,
): Promise<Cost> {
  await using ship = await launch({ streams: [{ name: STREAM, shards: SHARDS }] })
  const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
  try {
    await put(kinesis, clientRecords(count).inserts, (n) => n % SHARDS)
    const pod =
      program === 'worker'
        ? start(ship, options, 'pod.ts', 'bench', STREAM, String(count))
        : start(ship, options, 'plain.ts', STREAM, String(SHARDS), String(count))
    const lines = await pod.until((all) => all.some((line) => 'cpuSeconds' in line))
    const cost = lines.find((line) => 'cpuSeconds' in line)
    if (cost === undefined) throw new Error('the process did not say what it has cost')
    return cost
  } finally {
    kinesis.destroy()
  }
}
