/** Owns the members of a simulated fleet: our own worker as it is, or the model of a Java worker, each in a process of its own. */

import { type DynamoDBClient, GetItemCommand, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { GetRecordsCommand, GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { type EventMeta, type Reactor, reactor } from '@spaceship/core'
import type { Item } from '../leases/lease.ts'
import type { StreamOptions } from '../options.ts'
import { worker } from '../worker.ts'
import type { Member } from './book.ts'
import { mortal, watched } from './cargo.ts'
import { TABLE } from './dynamodb.ts'
import { startJava } from './java.ts'
import { arrivalAt, STREAM } from './kinesis.ts'
import { clientOn, type Service } from './network.ts'
import type { Plan } from './plan.ts'
import { deaf } from './signals.ts'
import { FLEET } from './trace.ts'
import type { Process } from './universe.ts'
import { fateOf, WATCH, type World, weatherAt } from './world.ts'

export interface Running {
  readonly member: Member
  readonly process: Process
  /** Ends it in order. @param ended called when its process may exit */
  stop(ended: () => void): void
}

/** Of the simulation's own records. */
const OWN = { entities: [{ table: 'items', key: ['id'] }] }

export function startMember(world: World, slot: number, id: string): Running {
  const { plan, universe, plant, trace, slots } = world
  const kind = slot < plan.javas ? 'java' : 'ours'
  const member: Member = { id, kind }
  const process = universe.process(id, kind === 'ours' ? plant?.monotonic : undefined)
  slots.set(member, slot)
  trace.note(FLEET, universe.now, id, `starts as ${kind === 'java' ? 'a Java worker' : 'one of ours'}`)
  return kind === 'java' ? startModel(world, member, process, slot) : startOurs(world, member, process, slot)
}

function startOurs(world: World, member: Member, process: Process, slot: number): Running {
  const { plan, state, deadLetters, events, trace, universe, oracle } = world
  const chance = world.chance(`worker ${member.id}`)
  const hear = (message: string, fields: object = {}) => {
    const { shard = FLEET, details = {} } = Object(fields)
    trace.note(String(shard), universe.now, member.id, `says: ${message} ${JSON.stringify(details)}`)
    if (message === 'lease lost') oracle.lost(member, String(shard))
  }
  const { cargo } = world
  const own = cargo?.reactors({ workerId: member.id, clock: process.clock, state }) ?? []
  const pod = worker([reactorOf(world, member, process), ...own.map((one) => mortal(one, process))], {
    application: 'app',
    streams: [streamOf(plan)],
    workerId: member.id,
    state,
    deadLetters,
    events,
    // The worker uses `send` alone, with commands that the fakes answer as AWS does.
    kinesis: clientFor(world, member, process, slot, 'kinesis') as unknown as KinesisClient,
    dynamodb: clientFor(world, member, process, slot, 'dynamodb') as unknown as DynamoDBClient,
    clock: process.clock,
    random: () => chance.below(1_000_000) / 1_000_000,
    leases: { table: TABLE, failover: `${plan.failover}ms`, migrate: plan.javas > 0 },
    poll: { interval: '500ms', limit: 50 },
    shardSync: '5s',
    drainTimeout: '3s',
    logger: { debug: () => {}, info: hear, warn: hear, error: hear },
  })
  const run = deaf(() => pod.run()).catch((error: unknown) =>
    oracle.violate('failed', `${member.id}: ${String(error)}`),
  )
  return {
    member,
    process,
    stop: (ended) => {
      // Never rejects: `run` tells what fails.
      universe.plan(0, () => void pod.stop().catch(() => {}), process)
      // Never rejects: what fails was told as a violation.
      void run.then(ended)
    },
  }
}

function startModel(world: World, member: Member, process: Process, slot: number): Running {
  const chance = world.chance(`worker ${member.id}`)
  const stop = startJava({
    me: member.id,
    clock: process.clock,
    dynamodb: clientFor(world, member, process, slot, 'dynamodb'),
    kinesis: clientFor(world, member, process, slot, 'kinesis'),
    failover: world.plan.failover,
    random: () => chance.below(1_000_000) / 1_000_000,
    handle: async (data) => {
      const { id, n } = JSON.parse(Buffer.from(data).toString()).dynamodb.NewImage
      await handle(world, member, process, { key: id.S, n: Number(n.N), first: false })
    },
  })
  return {
    member,
    process,
    stop: (ended) => {
      stop()
      ended()
    },
  }
}

function streamOf({ start: { from, at } }: Plan): StreamOptions {
  return { stream: STREAM, start: from === 'AT_TIMESTAMP' ? arrivalAt(at) : from }
}

/** The reactor that tells what is delivered, beside those that are simulated. */
function reactorOf(world: World, member: Member, process: Process): Reactor {
  const { cargo, oracle, stream, plan } = world
  const see = async ({ source }: EventMeta, { attempt }: { readonly attempt: number }) => {
    const put = stream.at(source.shard, source.position)
    if (put === undefined)
      return oracle.violate('unknown', `a handler got ${source.position}, which nobody put`)
    const { key, n } = put
    return handle(world, member, process, { key, n, first: attempt === 1 })
  }
  return reactor(WATCH.reactor).on(WATCH.route, watched(cargo ?? OWN), see, { effect: plan.effect })
}

async function handle(
  world: World,
  member: Member,
  process: Process,
  { key, n, first }: { readonly key: string; readonly n: number; readonly first: boolean },
): Promise<void> {
  const { oracle } = world
  // What was killed may have a turn of its event loop left here, and not in truth.
  if (!process.alive) return new Promise(() => {})
  const its = oracle.starts(member, key, n)
  const { ms, fails } = fateOf(world, key, n)
  await process.clock.sleep(ms)
  const well = !(fails && first)
  oracle.ends(its, key, n, well)
  if (!well) throw new Error('the first attempt fails')
}

/** After that the client gives up on a request, as the worker's own clients do. */
const PATIENCE = 5_000

function clientFor(world: World, member: Member, process: Process, slot: number, service: Service) {
  const { plan, plant, audience, stream, table, oracle, universe } = world
  const planted = member.kind === 'ours' ? plant : undefined
  /** Rows of which a write was refused: who reads one next asks whose it is. */
  const refused = new Set<string>()
  const answer = (command: unknown) => {
    audience?.asked(member.id, operationOf(command), universe.now)
    if (service === 'kinesis') return stream.answer(command)
    try {
      return table.answer(command, (write) => {
        oracle.wrote(member, write)
        audience?.wrote(write, universe.now)
      })
    } catch (error) {
      if (command instanceof UpdateItemCommand) refused.add(keyOf(command))
      throw error
    }
  }
  return clientOn({
    universe,
    process,
    chance: world.chance(`${service} ${member.id}`),
    weather: () => weatherAt(world, slot, service),
    timeout: planted?.patient
      ? undefined
      : service === 'kinesis'
        ? PATIENCE
        : Math.max(1_000, plan.failover / 3),
    attempts: plan.attempts,
    answer:
      planted?.answer === undefined ? answer : (command) => planted.answer?.(command, answer, member.id),
    arrived: (command, output) => {
      // A row that is read for another reason, as at the end of a shard before it, tells its owner nothing.
      if (command instanceof GetItemCommand && !refused.delete(keyOf(command))) return
      arrived(world, member, command, output)
    },
  })
}

function keyOf({ input }: GetItemCommand | UpdateItemCommand): string {
  return input.Key?.leaseKey?.S ?? ''
}

/** As AWS names it. */
function operationOf(command: unknown): string {
  return Object(command).constructor.name.replace(/Command$/, '')
}

/** What a member knows from here on. */
function arrived({ oracle }: World, member: Member, command: unknown, output: object): void {
  // Each is what the fake answers to its command.
  if (command instanceof ScanCommand) oracle.saw(member, (output as { Items: Item[] }).Items, true)
  else if (command instanceof GetItemCommand) saw((output as { Item?: Item }).Item)
  else if (command instanceof UpdateItemCommand) saw((output as { Attributes?: Item }).Attributes)
  else if (command instanceof GetShardIteratorCommand && command.input.ShardIteratorType === 'LATEST') {
    const [shard = '', place] = (output as { ShardIterator: string }).ShardIterator.split('/')
    oracle.pointed(member, shard, Number(place))
  } else if (command instanceof GetRecordsCommand) {
    const { Records, MillisBehindLatest, NextShardIterator } = output as Page
    const [shard = ''] = (command.input.ShardIterator ?? '').split('/')
    const caughtUp = MillisBehindLatest === 0
    oracle.read(member, shard, Records.length > 0 || NextShardIterator === undefined, caughtUp)
  }

  function saw(item: Item | undefined): void {
    if (item !== undefined) oracle.saw(member, [item], false)
  }
}

interface Page {
  readonly Records: readonly unknown[]
  readonly MillisBehindLatest: number
  readonly NextShardIterator?: string
}
