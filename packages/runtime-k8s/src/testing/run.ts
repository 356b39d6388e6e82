/** Owns one run of the simulation: puts records, lets the plan's faults come, waits for rest, and says what was found. */

import type { DeadLetter, OutgoingRecord } from '@spaceship/core/ports'
import { type Counts, shardIn, type Violation } from './book.ts'
import { type Running, startMember } from './members.ts'
import { type Fault, type Plan, toldFault } from './plan.ts'
import { unrest } from './rest.ts'
import { FLEET } from './trace.ts'
import { createWorld, type Load, type Spell, type World } from './world.ts'

export interface Found {
  readonly plan: Plan
  readonly violation: Violation | undefined
  readonly trace: readonly string[]
  /** Of the reactors that were simulated, and of the one that watches. */
  readonly letters: readonly DeadLetter[]
  readonly published: readonly OutgoingRecord[]
  readonly counts: Counts & { readonly kills: number; readonly faults: number }
  /** Virtual milliseconds, and events in them. */
  readonly lasted: number
  readonly events: number
}

/** A pod that has not ended by itself is killed so long after its stop. */
const GRACE = 10_000

export async function simulate(plan: Plan, load: Load = {}): Promise<Found> {
  const world = createWorld(plan, load)
  const fleet = createFleet(world)
  const { universe, oracle, trace } = world
  const begin = () => {
    for (let slot = 0; slot < plan.workers; slot += 1) fleet.start(slot)
  }
  if (plan.fleetAt === 0) begin()
  else universe.plan(plan.fleetAt, begin)
  putRecords(world)
  for (const fault of plan.faults) universe.plan(fault.at, () => strike(world, fleet, fault))
  const isOver = () => oracle.violation !== undefined
  await universe.pass(plan.duration, isOver)
  if (!isOver()) await rest(world, fleet)
  for (const { process } of fleet.running) process.kill()
  const letters: DeadLetter[] = []
  for await (const letter of world.deadLetters.list('app')) letters.push(letter)
  return {
    letters,
    published: world.events.records,
    plan,
    violation: oracle.violation,
    trace: oracle.violation === undefined ? [] : trace.lines(oracle.violation.shard),
    counts: { ...oracle.counts, kills: fleet.kills, faults: plan.faults.length },
    lasted: universe.now,
    events: universe.events,
  }
}

/** How long the fleet may take until all is handled and shared: Java workers steal one lease in two failovers. */
function patienceOf({ failover, shards, workers, javas }: Plan): number {
  const turns = 12 + Math.ceil((shards * 2) / workers)
  return 60_000 + failover * turns * (javas > 0 ? 3 : 1)
}

async function rest({ universe, oracle, stream, table, plan }: World, fleet: Fleet): Promise<void> {
  const until = universe.now + patienceOf(plan)
  const isOver = () => oracle.violation !== undefined
  for (;;) {
    await universe.pass(universe.now + 500, isOver)
    if (isOver()) return
    const members = fleet.running.map(({ member }) => member)
    const { now } = universe
    const missing = fleet.isMoving
      ? { kind: 'deploy', what: 'a deploy does not end', shard: undefined }
      : unrest({ stream, oracle, members, now, rows: table.rows, failover: plan.failover })
    if (missing === undefined) return
    if (now > until) return oracle.violate(missing.kind, missing.what, missing.shard)
  }
}

function putRecords({ plan, universe, stream, oracle, cargo, chance: chances }: World): void {
  if (cargo !== undefined) {
    for (const [n, { partitionKey, data }] of cargo.changes.entries())
      universe.plan(Math.floor((n * plan.duration) / cargo.changes.length), () =>
        oracle.put(stream.put(partitionKey, data)),
      )
    return
  }
  const chance = chances('records')
  for (let n = 0; n < plan.records; n += 1) {
    // Some are there before anybody comes.
    const at = chance.oneIn(10) ? 0 : chance.below(plan.duration)
    universe.plan(at, () => {
      oracle.put(stream.put(`k${chance.below(plan.keys)}`))
    })
  }
}

interface Fleet {
  readonly running: readonly Running[]
  readonly kills: number
  /** Somebody is about to stop, or to come back. */
  readonly isMoving: boolean
  start(slot: number, id?: string): void
  kill(slot: number, back: number, same: boolean): void
  replace(slot: number, replaced: () => void): void
  at(slot: number): Running | undefined
}

function createFleet(world: World): Fleet {
  const { universe, trace } = world
  const slots = new Map<number, Running>()
  let [kills, moving, started] = [0, 0, 0]

  function start(slot: number, id = `w${slot}-${started}`): void {
    started += 1
    slots.set(slot, startMember(world, slot, id))
  }

  return {
    get running() {
      return [...slots.values()]
    },
    get kills() {
      return kills
    },
    get isMoving() {
      return moving > 0
    },
    at: (slot) => slots.get(slot),
    start,
    kill: (slot, back, same) => {
      const running = slots.get(slot)
      if (running === undefined) return
      kills += 1
      moving += 1
      slots.delete(slot)
      running.process.kill()
      trace.note(FLEET, universe.now, running.member.id, 'is killed')
      universe.plan(back, () => {
        moving -= 1
        start(slot, same ? running.member.id : undefined)
      })
    },
    replace: (slot, replaced) => {
      const running = slots.get(slot)
      if (running === undefined) return replaced()
      moving += 1
      slots.delete(slot)
      trace.note(FLEET, universe.now, running.member.id, 'is stopped')
      let isOver = false
      const next = () => {
        if (isOver || !running.process.alive) return
        isOver = true
        moving -= 1
        running.process.kill()
        start(slot)
        replaced()
      }
      running.stop(() => {
        if (!isOver) world.oracle.stopped(running.member)
        next()
      })
      universe.plan(GRACE, next)
    },
  }
}

function strike(world: World, fleet: Fleet, fault: Fault): void {
  const { universe, trace, stream, plan } = world
  trace.note(FLEET, universe.now, 'fault', toldFault(fault))
  const spell = (part: Partial<Spell> & Pick<Spell, 'service'>, ms: number) =>
    world.spells.push({
      ...{ slot: undefined, from: universe.now, until: universe.now + ms },
      ...{ cut: false, throttled: 0, lostAnswers: 0, ...part },
    })
  switch (fault.kind) {
    case 'kill':
      fleet.kill(fault.slot, fault.back, fault.same)
      break
    case 'stall':
      fleet.at(fault.slot)?.process.stall(fault.ms)
      // Nothing is wrong with the table, but its answers come late.
      spell({ service: 'dynamodb', slot: fault.slot }, fault.ms)
      break
    case 'jump':
      fleet.at(fault.slot)?.process.jump(fault.ms)
      break
    case 'moved': {
      const moved = fleet.at(fault.slot)?.process
      spell({ service: 'dynamodb', slot: fault.slot, cut: true }, fault.ms)
      universe.plan(plan.failover / 2, () => moved?.jump(-fault.ms))
      break
    }
    case 'cut':
      spell({ service: fault.service, slot: fault.slot, cut: true }, fault.ms)
      break
    case 'throttle':
      spell({ service: fault.service, throttled: fault.oneIn }, fault.ms)
      break
    case 'lost-answers':
      spell({ service: fault.service, lostAnswers: fault.oneIn }, fault.ms)
      break
    case 'split':
      stream.split(fault.pick)
      break
    case 'merge':
      stream.merge(fault.pick)
      break
    case 'delete': {
      const dropped = world.table.drop(fault.pick)
      if (dropped !== undefined) world.oracle.deleted(shardIn(dropped.key), dropped.row)
      break
    }
    case 'lapse':
      for (let slot = 0; slot < plan.workers; slot += 1) fleet.kill(slot, fault.ms, false)
      universe.plan(fault.ms - 1, () => {
        const count = stream.forget(universe.now - fault.retention)
        trace.note(FLEET, universe.now, 'stream', `forgets ${count} records`)
      })
      break
    case 'deploy':
      deploy(world, fleet, plan.workers, fault.gap)
      break
    case 'expire':
      stream.expireIterators()
      break
    case 'trim':
      stream.trim((shard) => world.oracle.handled(shard) === shard.puts.length)
      break
  }
}

/** One after the other; of a large fleet several at a time. */
function deploy({ universe }: World, fleet: Fleet, workers: number, gap: number): void {
  const step = Math.max(1, Math.floor(workers / 10))
  const replace = (slot: number) => {
    if (slot >= workers) return
    fleet.replace(slot, () => universe.plan(gap, () => replace(slot + step)))
  }
  for (let slot = 0; slot < step; slot += 1) replace(slot)
}
