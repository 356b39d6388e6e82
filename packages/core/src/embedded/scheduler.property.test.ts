/**
 * A model of the embedded scheduler: whatever is started, stopped, cut off and killed in whatever order, nothing is lost, nothing fires
 * before it is due, what `stop` says it has stopped does not fire, and nothing fires twice unless a process was killed, or could not mark for
 * as long as its lease what it had put.
 */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Runners, runnersOn } from '../../test/runners.ts'
import { memoryState, memoryTimeline, virtualClock } from '../memory/index.ts'
import type { Clock, Timeline } from '../ports/index.ts'
import { Unavailable } from '../verdicts.ts'
import { stateTimeline } from './index.ts'

type Step =
  | { readonly kind: 'start'; readonly name: number; readonly in: number }
  | { readonly kind: 'stop'; readonly name: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'kill'; readonly call: number; readonly when: 'before' | 'after' }
  | { readonly kind: 'outage'; readonly call: 'put' | keyof Timeline; readonly ms: number }

const NAMES = 6
const HOUR = 3_600_000
/** Of all outages of `done` together: with the longest wait after it, it is within the lease. */
const SHORT = 20 * 60_000

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('start' as const),
    name: fc.nat(NAMES - 1),
    in: fc.oneof(fc.integer({ min: -5_000, max: 90_000 }), fc.integer({ min: 0, max: 30 * HOUR })),
  }),
  fc.record({ kind: fc.constant('stop' as const), name: fc.nat(NAMES - 1) }),
  fc.record({
    kind: fc.constant('advance' as const),
    ms: fc.oneof(fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 8 * HOUR })),
  }),
  fc.record({
    kind: fc.constant('kill' as const),
    call: fc.integer({ min: 1, max: 5 }),
    when: fc.constantFrom('before' as const, 'after' as const),
  }),
  fc.record({
    kind: fc.constant('outage' as const),
    call: fc.constantFrom('put', 'claim', 'next', 'done', 'add', 'remove'),
    ms: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 2 * HOUR })),
  }),
)

const timelines: Readonly<Record<string, () => (clock: Clock) => Timeline>> = {
  memoryTimeline: () => {
    const timeline = memoryTimeline()
    return () => timeline
  },
  stateTimeline: () => {
    const state = memoryState()
    return (clock) => stateTimeline({ application: 'a', state, clock })
  },
}

/** What was started under a name, until the name is free again. */
interface Life {
  readonly text: string
  readonly due: number
  /** What `stop` has answered, if it was asked. */
  stopped: boolean | undefined
}

async function flight(timelineOf: (clock: Clock) => Timeline, steps: readonly Step[]): Promise<void> {
  const clock = virtualClock()
  const runners = runnersOn(clock, timelineOf)
  // Polling each 30 minutes lets hours pass in few rounds.
  const options = { precision: '30m', lease: '1h', batch: 2 } as const
  const caller = runners.begin(options, false).scheduler
  let fleet = [1, 2].map(() => runners.begin(options))
  const lives: Life[] = []
  const last = new Map<number, Life>()
  let kills = 0
  let unmarked = 0

  async function start(name: number, due: number): Promise<void> {
    const isFree = (await caller.find?.(`r${name}`)) === 'gone'
    const known = isFree ? undefined : last.get(name)
    // The same name comes with the same execution, as long as it waits.
    const life = known ?? { text: `r${name} ${lives.length}`, due, stopped: undefined }
    const execution = { name: `r${name}`, dueAt: new Date(life.due), envelope: life.text, partitionKey: 'p' }
    const started = await caller.start(execution).catch(() => undefined)
    if (started === undefined || known !== undefined) return
    lives.push(life)
    last.set(name, life)
  }

  async function stop(name: number): Promise<void> {
    const stopped = await caller.stop(`r${name}`).catch(() => undefined)
    const life = last.get(name)
    if (life !== undefined) life.stopped ??= stopped
  }

  for (const each of steps) {
    await runners.settled()
    if (each.kind === 'start') await start(each.name, clock.now() + each.in)
    else if (each.kind === 'stop') await stop(each.name)
    else if (each.kind === 'advance') await runners.moveTo(clock.now() + each.ms)
    else if (each.kind === 'outage') {
      const until = clock.now() + each.ms
      if (each.call === 'done') unmarked += each.ms
      runners.outage = (call) =>
        call === each.call && clock.now() < until ? new Unavailable('timeline') : undefined
    } else {
      kills += 1
      fleet[0]?.dieAt(each.call, each.when)
      fleet = [...fleet.slice(1), runners.begin(options)]
    }
  }
  runners.outage = () => undefined
  await runners.moveTo(clock.now() + 40 * HOUR)
  for (const life of lives) check(runners, life, kills > 0 || unmarked > SHORT)
  await runners.end()
}

function check({ fired }: Runners, { text, due, stopped }: Life, mayRepeat: boolean): void {
  const own = fired.filter((each) => each.text === text)
  for (const { at } of own) expect(at).toBeGreaterThanOrEqual(due)
  if (stopped === true) expect(own).toEqual([])
  // What was asked for too late may have fired before, and does not fire again.
  else if (stopped === undefined) expect([text, own.length > 0]).toEqual([text, true])
  if (!mayRepeat) expect(own.length).toBeLessThanOrEqual(1)
}

for (const [name, make] of Object.entries(timelines)) {
  test(`nothing is lost, early or twice on ${name}, whatever happens`, async () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 14 })
    await fc.assert(
      fc.asyncProperty(steps, (steps) => flight(make(), steps)),
      { numRuns: 60 },
    )
  })
}
