/**
 * A whole worker. CPU per record against a loop that is written by hand on the client of Kinesis, both on the pages of a canned server in another process
 * (`worker/canned.ts`); then, against the embedded ship, what a backlog costs and how long a fleet takes to start, to share and to fail over
 * (`worker/fleet.ts`), beside what KCL took.
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { median } from './processes.ts'
import type { Options, Result } from './result.ts'
import { type Lives, measureBacklog, measureLives } from './worker/fleet.ts'
import type { Cost } from './worker/lines.ts'

const ROUNDS = 3
/** A death comes at another moment in each, between two looks of the worker that is left. */
const LIVES = 5
const BACKLOG = 40_000

/** Measured with KCL 2.7.2, failover 10 s, on kinesis-local and DynamoDB Local; the shorter one of what was measured. */
const KCL = { start: 18, share: 48, failover: 36, cpuSeconds: 6, peakMegabytes: 340 }

export async function measureWorker(options: Options): Promise<Result> {
  const ratios = {
    ...(await perRecord(options, 'inserts')),
    ...(await perRecord(options, 'modifies')),
    ...(await backlog(options)),
    ...(await lives(options)),
  }
  return { ratios, bars: BARS }
}

const CPU = `backlog of ${BACKLOG}, CPU-seconds`
const PEAK = `backlog of ${BACKLOG}, peak RSS in MB`
const START = 'start: seconds to the first record'
const SHARE = "share: seconds to the second worker's half"
const FAILOVER = 'failover: seconds from kill -9 to records of all its shards'

const BARS = {
  'inserts, over by hand': 0.7,
  'modifies, over by hand': 0.7,
  [CPU]: 2,
  [PEAK]: 150,
  [START]: 3,
  [SHARE]: 10,
  [FAILOVER]: 15,
}

/** Microseconds of CPU, in rounds that interleave the programs. */
async function perRecord(
  options: Options,
  kind: 'inserts' | 'modifies',
): Promise<Readonly<Record<string, number>>> {
  const server = spawn(process.execPath, argumentsOf(options, 'canned.ts', kind), {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [port] = await once(server.stdout, 'data')
  const read = (program: string) => micros(options, program, String(port).trim())
  const rounds = Array.from({ length: ROUNDS }, () => ({
    ours: read('ours'),
    bare: read('bare'),
    client: read('client'),
  }))
  server.stdin.end()
  return {
    [`${kind}, us per record`]: rounded(median(rounds.map(({ ours }) => ours))),
    [`${kind}, by hand, us per record`]: rounded(median(rounds.map(({ bare }) => bare))),
    [`${kind}, the client alone, us per record`]: rounded(median(rounds.map(({ client }) => client))),
    [`${kind}, over by hand`]: rounded(median(rounds.map(({ ours, bare }) => ours / bare))),
  }
}

function micros(options: Options, program: string, port: string): number {
  const args = argumentsOf(options, 'read.ts', program, port)
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0 || !(Number(stdout) > 0)) throw new Error(`'${program}' failed:\n${stderr}${stdout}`)
  return Number(stdout)
}

function argumentsOf({ built }: Options, script: string, ...args: readonly string[]): string[] {
  const file = fileURLToPath(new URL(`worker/${script}`, import.meta.url))
  return [...(built ? [] : ['--conditions=@spaceship/source']), file, ...args]
}

async function backlog(options: Options): Promise<Readonly<Record<string, number>>> {
  const rounds: Readonly<Record<'ours' | 'bare', Cost>>[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const ours = await measureBacklog(options, 'worker', BACKLOG)
    rounds.push({ ours, bare: await measureBacklog(options, 'by hand', BACKLOG) })
  }
  const of = (program: 'ours' | 'bare', what: 'cpuSeconds' | 'peakMegabytes') =>
    rounded(median(rounds.map((round) => round[program][what])))
  return {
    [CPU]: of('ours', 'cpuSeconds'),
    [`${CPU}, by hand`]: of('bare', 'cpuSeconds'),
    [`${CPU}, KCL`]: KCL.cpuSeconds,
    [PEAK]: of('ours', 'peakMegabytes'),
    [`${PEAK}, by hand`]: of('bare', 'peakMegabytes'),
    [`${PEAK}, KCL`]: KCL.peakMegabytes,
  }
}

async function lives(options: Options): Promise<Readonly<Record<string, number>>> {
  const rounds: Lives[] = []
  for (let round = 0; round < LIVES; round += 1) rounds.push(await measureLives(options, round / LIVES))
  const of = (what: keyof Lives) => rounded(median(rounds.map((round) => round[what])))
  return {
    [START]: of('start'),
    [`${START}, KCL`]: KCL.start,
    [SHARE]: of('share'),
    [`${SHARE}, KCL`]: KCL.share,
    [FAILOVER]: of('failover'),
    [`${FAILOVER}, the longest`]: rounded(Math.max(...rounds.map(({ failover }) => failover))),
    [`${FAILOVER}, KCL`]: KCL.failover,
  }
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
