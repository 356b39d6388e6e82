/**
 * Owns one schedule of a chaos run: real processes on the embedded spaceship, and what befalls them, all of it from one seed.
 *
 * | befalls        | what                                                                                      |
 * |----------------|-------------------------------------------------------------------------------------------|
 * | `kill`         | a process is killed, and another one starts                                                |
 * | `freeze`       | a process stands still for longer than its leases live, and goes on                        |
 * | `deploy`       | a new process starts, and an old one drains                                                |
 * | `black hole`   | a process gets no answer from Kinesis, or from DynamoDB                                    |
 * | `reset`        | its answers break off half-way                                                             |
 * | `lost answer`  | what it asks is done, and it is not told                                                   |
 * | `throttle`     | a third of all calls is refused                                                            |
 * | `reshard`      | the number of shards changes                                                               |
 * | `clock jump`   | a process's wall clock is set ahead, or back, by up to a minute; with `faketime` only      |
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { KinesisClient, UpdateShardCountCommand } from '@aws-sdk/client-kinesis'
import { type Chance, chanceOf } from '@spaceship/core/testing'
import { launch, type Spaceship } from '@spaceship/local'
import type { Fault } from '../../../handlers/test/tcp-proxy.ts'
import { type Fleet, fleetOn, type Kcl, type Pod, TABLE } from './fleet.ts'
import { type Law, STANDSTILL, watchLaw } from './law.ts'
import { type Findings, judge, latestAround } from './ledger.ts'
import { machineTime } from './time.ts'

export interface Schedule {
  readonly seed: number
  readonly workers: number
  readonly shards: number
  /** Milliseconds, as are all lengths here. */
  readonly failover: number
  /** What befalls the fleet. */
  readonly events: number
  readonly kcl?: Kcl | undefined
  /** The library of `faketime`, if clocks are to jump. */
  readonly faketime?: string | undefined
  readonly log: (line: string) => void
}

export interface Outcome extends Findings {
  /** Leases that were renewed while their shards made no progress. */
  readonly standing: readonly string[]
  /** By what befell the fleet: how late an effect was of what was put from shortly before it until shortly after it, at the latest. */
  readonly lateness: ReadonlyMap<string, readonly number[]>
}

const KEYS = 24
/** Between two looks at the lease table. */
const LOOK = 250
/** What was put so long before a fault may have no effect yet. */
const SHORTLY = 1_000
/** Between two changes of some key. */
const PACE = 15
/** How long a fleet may take to come to the end of what was put, once nothing befalls it any more. */
const PATIENCE = 60_000
/** Workers of KCL steal one lease in two failovers, and do not hear of free ones. */
const PATIENCE_WITH_KCL = 240_000

const FAULTS: Readonly<Record<string, Fault>> = {
  'black hole': 'silent',
  reset: 'half',
  'lost answer': 'answer lost',
}
const EVENTS: readonly [string, ...string[]] = [
  'kill',
  'freeze',
  'deploy',
  ...Object.keys(FAULTS),
  'throttle',
  'reshard',
]

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export async function live(schedule: Schedule): Promise<Outcome> {
  const { seed, workers, shards, failover, events, kcl, faketime, log } = schedule
  const folder = mkdtempSync(join(tmpdir(), 'spaceship-chaos-'))
  await using ship = await launch({
    tables: [{ name: 'items', key: 'id', stream: 'cdc' }],
    streams: [{ name: 'cdc', shards }],
    seed,
  })
  await using fleet = fleetOn(ship, { folder, failover, kcl, faketime })
  const chance = chanceOf(seed)
  const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
  const patience = kcl === undefined ? PATIENCE : PATIENCE_WITH_KCL
  try {
    for (let n = 0; n < workers; n += 1) await fleet.start()
    const load = startLoad(ship)
    const keys = Array.from({ length: KEYS }, (_, n) => `k${n}`)
    const law = watchLaw(keys, (STANDSTILL + 2) * failover)
    // A worker of KCL has another law.
    const watching = kcl === undefined ? watch(ship, law) : undefined
    // Workers of KCL come later, and steal one lease after the other.
    const isShared = () => kcl === undefined || fleet.effects().some(({ byKcl }) => byKcl)
    await until(() => fleet.effects().length > KEYS && isShared(), patience)
    const possible = faketime === undefined ? EVENTS : ([...EVENTS, 'clock jump'] as const)
    const befallen: { readonly what: string; readonly at: number }[] = []
    for (let n = 0; n < events; n += 1) {
      const what = chance.pick(possible)
      befallen.push({ what, at: machineTime() })
      log(`  ${what}`)
      await befall(what, { ship, fleet, kinesis, chance, failover, shards })
      await wait(chance.below(failover))
    }
    await watching?.stop()
    const puts = await load.stop()
    await ship.settled()
    await until(() => judge(puts, fleet.effects()).missing.length === 0, patience)
    const effects = fleet.effects()
    const lateness = Map.groupBy(befallen, ({ what }) => what)
    return {
      ...judge(puts, effects),
      standing: law.broken,
      lateness: new Map(
        [...lateness].map(([what, all]) => [
          what,
          all.map(({ at }) => latestAround(puts, effects, { from: at - SHORTLY, to: at + 2 * failover })),
        ]),
      ),
    }
  } finally {
    kinesis.destroy()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface World {
  readonly ship: Spaceship
  readonly fleet: Fleet
  readonly kinesis: KinesisClient
  readonly chance: Chance
  readonly failover: number
  readonly shards: number
}

async function befall(
  what: string,
  { ship, fleet, kinesis, chance, failover, shards }: World,
): Promise<void> {
  const alive = fleet.pods.filter((pod) => pod.alive)
  const pod = alive[chance.below(alive.length)]
  if (pod === undefined) return
  const fault = FAULTS[what]
  if (fault !== undefined)
    return meanwhile(pod, fault, chance.oneIn(2) ? 'kinesis' : 'dynamodb', 1.5 * failover)
  switch (what) {
    case 'kill':
      await pod.kill()
      await fleet.start()
      break
    case 'freeze':
      pod.freeze()
      await wait(2 * failover)
      pod.thaw()
      break
    case 'deploy':
      await fleet.start()
      await pod.stop()
      break
    case 'clock jump':
      pod.jump(chance.below(120_000) - 60_000)
      break
    case 'throttle':
      ship.faults.throttle({ kinesis: 0.3, dynamodb: 0.3 })
      await wait(failover)
      ship.faults.clear()
      break
    default: {
      const TargetShardCount = chance.oneIn(2) ? shards : Math.max(1, Math.round(shards * 1.5))
      const change = { StreamName: 'cdc', TargetShardCount, ScalingType: 'UNIFORM_SCALING' } as const
      // A stream that still changes, or may not change so much, is left as it is.
      await kinesis.send(new UpdateShardCountCommand(change)).catch(() => {})
    }
  }
}

async function meanwhile(pod: Pod, fault: Fault, of: 'kinesis' | 'dynamodb', ms: number): Promise<void> {
  pod.fault(of, fault)
  await wait(ms)
  pod.fault(of, 'pass')
}

/** Looks at the lease table while records come. */
function watch(ship: Spaceship, law: Law) {
  const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  let isOver = false
  const running = (async () => {
    while (!isOver) {
      // A look that is throttled is one fewer.
      const rows = await dynamodb.send(new ScanCommand({ TableName: TABLE, ConsistentRead: true })).then(
        ({ Items = [] }) => Items,
        () => [],
      )
      law.look(rows, performance.now())
      await wait(LOOK)
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await running
      dynamodb.destroy()
    },
  }
}

/** Changes one key after the other, each with its next version. */
function startLoad(ship: Spaceship) {
  const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  const puts = new Map<string, number[]>()
  let isOver = false
  const running = (async () => {
    for (let turn = 0; !isOver; turn += 1) {
      const key = `k${turn % KEYS}`
      const times = puts.get(key) ?? []
      const n = times.length + 1
      const Item = { id: { S: key }, n: { N: String(n) } }
      // The embedded ship may be throttled as well: then the version is put again.
      const put = dynamodb.send(new PutItemCommand({ TableName: 'items', Item }))
      const isPut = await put.then(
        () => true,
        () => false,
      )
      if (isPut) times.push(machineTime())
      puts.set(key, times)
      await wait(PACE)
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await running
      dynamodb.destroy()
      return puts
    },
  }
}

async function until(isSo: () => boolean, ms: number): Promise<void> {
  for (const end = Date.now() + ms; !isSo() && Date.now() < end; ) await wait(100)
}
