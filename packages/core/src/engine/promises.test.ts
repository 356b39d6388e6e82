/** The promises of the engine, against random failures, pauses, crashes and hand-overs, on both kinds of source. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { engineOf, idle, inserted, lambda, saved, worker } from '../../test/bench.ts'
import type { Context } from '../declare/index.ts'
import type { Delivery, StreamRecord } from '../engine.ts'
import { Permanent, RetryAfter, reactor, Unavailable } from '../index.ts'
import { memoryState, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

const EFFECTS = ['idempotent', 'journal', 'claim'] as const
const ATTEMPTS = 3

type Behaviour = 'ok' | 'fails' | 'later' | 'outage' | 'permanent'
type Action = { readonly do: 'push' | 'pass' | 'checkpoint' | 'crash' | 'hand over'; readonly amount: number }

interface Scenario {
  readonly source: typeof worker | typeof lambda
  readonly concurrency: number
  /** For each record its key, and what its first attempts do; after them everything succeeds. */
  readonly records: readonly {
    readonly key: string
    readonly script: readonly Behaviour[]
    readonly takes: number
  }[]
  readonly actions: readonly Action[]
}

const scenarios = (actions: readonly Action['do'][], takes: readonly number[]): fc.Arbitrary<Scenario> =>
  fc.record({
    source: fc.constantFrom(worker, lambda),
    concurrency: fc.integer({ min: 1, max: 4 }),
    records: fc.array(
      fc.record({
        key: fc.constantFrom('a', 'b', 'c'),
        script: fc.array(
          fc.constantFrom<Behaviour[]>('ok', 'fails', 'fails', 'later', 'outage', 'permanent'),
          {
            maxLength: 4,
          },
        ),
        takes: fc.constantFrom(...takes),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    actions: fc.array(
      fc.record({ do: fc.constantFrom(...actions), amount: fc.integer({ min: 1, max: 4_000 }) }),
      { maxLength: 14 },
    ),
  })

/** Flies a scenario to its end, and checks at every step what must hold at every step. */
async function fly({ source, concurrency, records, actions }: Scenario) {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const completed = new Set<string>()
  // Kept aside: what a handler throws is the engine's to catch.
  const violations: string[] = []
  const must = (holds: boolean, rule: string) => {
    if (!holds) violations.push(rule)
  }
  const state: StateStore = {
    ...memory,
    set: async (key, value, options) => {
      const result = await memory.set(key, value, options)
      if (result.ok && (value.state === 'completed' || value.state === 'dead')) completed.add(key)
      return result
    },
  }
  const stream = records.map(({ key }, i) => inserted(i + 1, key))
  const scripts = new Map<string, Behaviour[]>()
  const successes = new Map<string, number>()
  const shared = engineOf(
    reactor('none').on('x', saved, () => {}),
    { clock },
  )
  const { letters } = shared.deadLetters
  const finished = (route: string, n: number) =>
    successes.has(`${route} ${n}`) ||
    shared.deadLetters.letters.some(
      (letter) => letter.sequence === String(n) && (letter.route === route || letter.reason === 'crashed'),
    )

  /** One process that owns the shard. */
  function owner() {
    let alive = true
    let active = 0
    const lanes = new Set<string>()
    const firsts = new Map<string, number[]>()

    async function handle({ after, id }: { after: { id: string; n: number }; id: string }, context: Context) {
      const { route } = context
      const at = `${route} ${after.n}`
      const lane = `${route} ${after.id}`
      must(alive, 'nothing starts once the shard is lost')
      must(!lanes.has(lane), 'one at a time in a lane')
      must(!completed.has(`app/claim/r/${route}/${id}`), 'a finished claim is not executed again')
      const first = firsts.get(lane) ?? []
      if (!first.includes(after.n)) {
        must(after.n > (first.at(-1) ?? 0), 'first attempts are in stream order')
        firsts.set(lane, [...first, after.n])
      }
      lanes.add(lane)
      active += 1
      must(active <= concurrency, 'concurrency is bounded')
      const about = records[after.n - 1]
      await clock.sleep(about?.takes ?? 0)
      active -= 1
      lanes.delete(lane)
      const script = scripts.get(at) ?? [...(about?.script ?? [])]
      scripts.set(at, script)
      switch (script.shift() ?? 'ok') {
        case 'fails':
          throw new Error('boom')
        case 'later':
          throw new RetryAfter(700)
        case 'outage':
          throw new Unavailable('slack')
        case 'permanent':
          throw new Permanent('never')
        case 'ok':
          if (alive) successes.set(at, (successes.get(at) ?? 0) + 1)
      }
    }

    const app = reactor('r', { retry: { attempts: ATTEMPTS, base: '1s', max: '2s' } })
    for (const effect of EFFECTS) app.on(effect, saved, handle, { effect })
    const { engine } = engineOf(app, {
      clock,
      state,
      concurrency,
      deadLetters: shared.deadLetters,
      random: () => 0.5,
    })
    return {
      open: (journal: string | undefined) =>
        engine.open(source, { isHeld: () => alive, ...(journal === undefined ? {} : { journal }) }),
      die: () => {
        alive = false
      },
    }
  }

  const step = (ms: number) => clock.moveTo(clock.now() + ms, idle)
  let checkpoint: { readonly from: number; readonly journal: string | undefined } = {
    from: 0,
    journal: undefined,
  }
  let own = owner()
  let delivery = await own.open(undefined)
  let next = 0
  // Lambda's batch: what is unfinished of it comes again together.
  let batchEnd = 0

  function observe(): number {
    expect(violations).toEqual([])
    const reached = Number(delivery.watermark?.sequence ?? checkpoint.from)
    for (let n = 1; n <= reached; n += 1)
      for (const effect of EFFECTS)
        expect(finished(effect, n), `${effect} ${n} is below the watermark ${reached}`).toBe(true)
    return reached
  }
  async function settled(ended: Delivery): Promise<number> {
    let open: readonly { readonly sequence: string }[] | undefined
    void ended.settle(new Date(clock.now() + 500)).then((positions) => {
      open = positions
    })
    while (open === undefined) await step(250)
    return open[0] === undefined ? next : Number(open[0].sequence) - 1
  }
  /** In suspect mode a page is taken in as slowly as its records end. */
  async function pushed(page: readonly StreamRecord[]): Promise<void> {
    let taken = false
    void delivery.push(page).then(() => {
      taken = true
    })
    for (await idle(); !taken; ) await step(250)
  }
  async function reopen(): Promise<void> {
    own = owner()
    if (source.redelivers === 'suffix') batchEnd = Math.max(batchEnd, next)
    next = checkpoint.from
    delivery = await own.open(checkpoint.journal)
  }

  async function act(action: Action): Promise<void> {
    switch (action.do) {
      case 'push': {
        const page: StreamRecord[] = stream.slice(next, Math.max(batchEnd, next + 1 + (action.amount % 5)))
        next += page.length
        return pushed(page)
      }
      case 'pass':
        return step(action.amount)
      case 'checkpoint':
        // A Lambda has no checkpoint while it runs.
        if (source.redelivers === 'none') checkpoint = { from: observe(), journal: delivery.journal }
        return
      case 'crash':
        own.die()
        delivery.revoke(new Error('the process died'))
        return reopen()
      case 'hand over': {
        const lowest = await settled(delivery)
        observe()
        expect(lowest).toBe(Number(delivery.watermark?.sequence ?? checkpoint.from))
        checkpoint = { from: lowest, journal: delivery.journal }
        own.die()
        delivery.revoke(new Error('handed over'))
        return reopen()
      }
    }
  }

  for (const action of actions) {
    await act(action)
    observe()
  }
  for (let round = 0; round < 20 && observe() < stream.length; round += 1) {
    const rest = stream.slice(next)
    next = stream.length
    await pushed(rest)
    await step(20_000)
  }
  expect(observe(), 'everything ends').toBe(stream.length)
  own.die()
  delivery.revoke(new Error('the end'))
  expect(letters.every((letter) => letter.attempts <= ATTEMPTS)).toBe(true)
  return { successes, letters: shared.deadLetters.letters }
}

test('whatever fails and whoever dies: in order, never acknowledged unfinished, claims once, everything ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      scenarios(['push', 'push', 'pass', 'checkpoint', 'crash', 'hand over'], [0, 0, 40, 900]),
      async (scenario) => {
        await fly(scenario)
      },
    ),
    { numRuns: 200 },
  )
})

// Attempts take no time here: one that a drain cuts short would not be counted.
test('without a crash everything has one effect or one dead letter, and no attempt is lost to a hand-over', async () => {
  await fc.assert(
    fc.asyncProperty(
      scenarios(['push', 'push', 'pass', 'checkpoint', 'hand over'], [0]),
      async (scenario) => {
        const { successes, letters } = await fly(scenario)
        for (const effect of EFFECTS) {
          for (const [i, { script }] of scenario.records.entries()) {
            const died = letters.filter(
              ({ route, sequence }) => route === effect && sequence === String(i + 1),
            )
            expect((successes.get(`${effect} ${i + 1}`) ?? 0) + died.length).toBe(1)
            expect(died.map(({ reason }) => reason)).toEqual(fate(script))
          }
        }
      },
    ),
    { numRuns: 200 },
  )
})

/** The dead letters that a script leads to. */
function fate(script: readonly Behaviour[]): string[] {
  let failures = 0
  for (const behaviour of script) {
    if (behaviour === 'ok') return []
    if (behaviour === 'permanent') return ['permanent']
    if (behaviour === 'fails' && ++failures === ATTEMPTS) return ['exhausted']
  }
  return []
}
