/** Scenarios A1 to A11: who may run a record, who did, and what is known of attempts that died; A7 is in suspects.test.ts. */

import { expect, test } from 'vitest'
import type { StreamRecord } from '../../src/engine.ts'
import { createRedrive } from '../../src/engine.ts'
import { Permanent, RetryAfter, reactor, Unavailable } from '../../src/index.ts'
import { memoryEvents, memoryState, virtualClock } from '../../src/memory/index.ts'
import { engineOf, fleet, idle, inserted, lambda, pass, saved, settled, worker } from '../bench.ts'

function deferred<T = void>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

test('A1: a claim that another owner holds is unfinished: it waits, counts nothing, and holds the watermark', async () => {
  const first = deferred()
  const runs: number[] = []
  const { owner, clock } = fleet(() =>
    reactor('r').on(
      'pay',
      saved,
      (_, { attempt }) => {
        runs.push(attempt)
        return runs.length === 1 ? first.promise : undefined
      },
      { effect: 'claim' },
    ),
  )
  const stalled = await owner().engine.open(worker)
  await stalled.push([inserted(1, 'a')])
  await idle()

  const next = await owner().engine.open(worker)
  await next.push([inserted(1, 'a'), inserted(2, 'b')])
  await pass(clock, 5_000)
  expect(runs, 'b ran, a waits').toEqual([1, 1])
  expect(next.watermark).toBeUndefined()

  // The first owner dies: its lease ends with its deadline, 30 s, and 2 s of possible skew.
  stalled.revoke(new Error('lost'))
  await pass(clock, 40_000)
  expect(runs, 'taken over, as a first attempt').toEqual([1, 1, 1])
  expect(next.watermark?.sequence).toBe('2')
  first.resolve()
})

test('A1: completed meanwhile, it is not run again', async () => {
  const first = deferred()
  let runs = 0
  const { owner, clock } = fleet(() =>
    reactor('r').on(
      'pay',
      saved,
      () => {
        runs += 1
        return first.promise
      },
      { effect: 'claim' },
    ),
  )
  const [one, two] = [await owner().engine.open(worker), await owner().engine.open(worker)]
  await one.push([inserted(1, 'a')])
  await idle()
  await two.push([inserted(1, 'a')])
  await idle()
  first.resolve()
  await one.quiet()
  await pass(clock, 60_000)
  expect([runs, two.watermark?.sequence]).toEqual([1, '1'])
})

test('A2, A11: a claim never outlives the invocation by more than the clock skew', async () => {
  let runs = 0
  const { owner, clock } = fleet(() =>
    reactor('r').on(
      'pay',
      saved,
      () => {
        runs += 1
        return runs === 1 ? new Promise(() => {}) : undefined
      },
      { effect: 'claim', timeout: '15m' },
    ),
  )
  const frozen = await owner().engine.open(lambda, { hardEnd: new Date(clock.now() + 3_000) })
  await frozen.push([inserted(1, 'a')])
  await idle()

  await pass(clock, 3_000)
  const next = await owner().engine.open(lambda, { hardEnd: new Date(clock.now() + 60_000) })
  await next.push([inserted(1, 'a')])
  await pass(clock, 1_999)
  expect(runs).toBe(1)
  await pass(clock, 251)
  expect(runs, 'after the hard end and 2 s').toBe(2)
})

test('A3: an owner that lost its shard starts nothing of what it had queued, and writes nothing', async () => {
  const running = deferred()
  const seen: string[] = []
  let held = true
  const { owner, deadLetters } = fleet(() =>
    reactor('r', { retry: { attempts: 1 } }).on('see', saved, async (e) => {
      seen.push(`${e.after.id}${e.after.n}`)
      await running.promise
      throw new Permanent('no')
    }),
  )
  const paused = await owner().engine.open(worker, { isHeld: () => held })
  await paused.push([inserted(1, 'a'), inserted(2, 'a'), inserted(3, 'a')])
  held = false
  running.resolve()
  await paused.quiet()
  expect([seen, deadLetters.letters, paused.watermark]).toEqual([['a1'], [], undefined])
})

test('A4: nothing starts beside a handler that an earlier invocation left running', async () => {
  const running = deferred()
  const { owner, clock } = fleet(() => reactor('r').on('see', saved, () => running.promise))
  const process = owner()
  const first = await process.engine.open(lambda, { hardEnd: new Date(clock.now() + 2_000) })
  await first.push([inserted(1, 'a')])
  const settling = first.settle(new Date(clock.now() + 1_000))
  await pass(clock, 2_500)
  expect(await settling).toEqual([{ sequence: '1', subSequence: 0 }])

  const refused = expect(process.engine.open(lambda)).rejects.toMatchObject({ code: 'tainted' })
  await pass(clock, 1_000)
  await refused
  running.resolve()
  await idle()
  await expect(process.engine.open(lambda)).resolves.toBeDefined()
})

test('A4: a handler that ignores its signal blocks its lane alone, and the engine says so', async () => {
  const stuck = deferred()
  const seen: string[] = []
  const { owner, clock } = fleet(() =>
    reactor('r').on(
      'see',
      saved,
      (e) => {
        seen.push(`${e.after.id}${e.after.n}`)
        return e.after.n === 1 ? stuck.promise : undefined
      },
      { timeout: '1s' },
    ),
  )
  const { engine, logged } = owner()
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'a'), inserted(3, 'b')])
  await pass(clock, 10_000)
  expect([seen, engine.overdue]).toEqual([['a1', 'b3'], 1])
  expect(logged.filter(({ level }) => level === 'error')).toMatchObject([
    {
      message: expect.stringContaining('ignores its signal'),
      fields: { details: { advice: expect.stringContaining("'signal'") } },
    },
  ])
  stuck.resolve()
  await delivery.quiet()
  expect([seen, engine.overdue]).toEqual([['a1', 'b3', 'a2'], 0])
})

test('A4: a handler that does not hear that its shard is lost is reported once its time is over', async () => {
  const running = deferred()
  const { owner, clock } = fleet(() =>
    reactor('r').on('see', saved, () => running.promise, { timeout: '10s' }),
  )
  const { engine } = owner()
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 1_000)
  delivery.revoke(new Error('lost'))
  await pass(clock, 9_999)
  expect(engine.overdue).toBe(0)
  await pass(clock, 1)
  expect(engine.overdue).toBe(1)
  running.resolve()
  await idle()
  expect([engine.overdue, clock.next]).toEqual([0, undefined])

  const prompt = await engine.open(worker)
  await prompt.push([inserted(1, 'a')])
  await pass(clock, 1)
  prompt.revoke(new Error('lost'))
  await idle()
  expect(clock.next, 'no timer is left').toBeUndefined()
})

test('A5: an attempt whose end nobody wrote is repeated, but never beside the first', async () => {
  let active = 0
  let most = 0
  let runs = 0
  const { owner, clock } = fleet(() =>
    reactor('r').on(
      'pay',
      saved,
      async () => {
        runs += 1
        active += 1
        most = Math.max(most, active)
        await clock.sleep(5_000)
        active -= 1
      },
      { effect: 'claim' },
    ),
  )
  let held = true
  const dies = await owner().engine.open(worker, { isHeld: () => held })
  await dies.push([inserted(1, 'a')])
  await idle()
  held = false
  const next = await owner().engine.open(worker)
  await next.push([inserted(1, 'a')])
  await pass(clock, 60_000)
  expect([runs, most, next.watermark?.sequence]).toEqual([2, 1, '1'])
})

test('A6: attempts of a route without claims survive from one invocation to the next', async () => {
  let runs = 0
  const { owner, clock, deadLetters } = fleet(() =>
    reactor('r', { retry: { attempts: 3, base: '30s', max: '30s' } }).on('index', saved, () => {
      runs += 1
      throw new Error('refused')
    }),
  )
  for (let invocation = 0; invocation < 12 && deadLetters.letters.length === 0; invocation += 1) {
    const delivery = await owner().engine.open(lambda, { hardEnd: new Date(clock.now() + 20_000) })
    await delivery.push([inserted(1, 'a')])
    const settled = delivery.settle(new Date(clock.now() + 15_000))
    await pass(clock, 16_000)
    await settled
  }
  expect(runs).toBe(3)
  expect(deadLetters.letters).toMatchObject([{ reason: 'exhausted', attempts: 3 }])
})

test('A8: what is dead stays dead when its batch comes again: no more attempts, no second letter', async () => {
  const runs: string[] = []
  let works = false
  const { owner, clock, deadLetters } = fleet(() =>
    reactor('r', { retry: { attempts: 2, base: '1s', max: '1s' } })
      .on(
        'pay',
        saved,
        (e) => {
          runs.push(`pay ${e.after.id}`)
          if (e.after.id === 'poison' && !works) throw new Error('no')
        },
        { effect: 'claim' },
      )
      .on('note', saved, (e) => void runs.push(`note ${e.after.id}`), { effect: 'claim' }),
  )
  const one = await owner().engine.open(worker)
  await one.push([inserted(1, 'poison')])
  await pass(clock, 10_000)
  expect(runs).toEqual(['pay poison', 'note poison', 'pay poison'])
  expect(deadLetters.letters).toMatchObject([{ reason: 'exhausted', attempts: 2 }])

  // Everything again, by an owner that knows nothing of the first.
  const two = await owner().engine.open(worker)
  await two.push([inserted(1, 'poison')])
  await two.quiet()
  expect([runs.length, deadLetters.letters.length, two.watermark?.sequence]).toEqual([3, 1, '1'])

  // A redrive runs it again, with all its attempts, for its own route only.
  works = true
  const sink = memoryEvents()
  await createRedrive({ application: 'app', deadLetters, events: sink, clock }).letter(
    deadLetters.letters[0]?.id ?? '',
  )
  const envelope: StreamRecord = { ...inserted(9, ''), ...sink.records[0] }
  await two.push([envelope])
  await two.quiet()
  expect(runs.slice(3)).toEqual(['pay poison'])
  expect(deadLetters.letters, 'removed once it is done').toEqual([])

  // The same envelope again, and the record once more: nothing.
  const three = await owner().engine.open(worker)
  await three.push([inserted(1, 'poison'), envelope])
  await three.quiet()
  expect(runs).toHaveLength(4)
})

for (const whenExhausted of ['dead-letter', 'halt'] as const) {
  const next = whenExhausted === 'halt' ? 'is made again, since someone may have acted' : 'is the last one'
  test(`A8: the last attempt ${next}, when what it led to was not kept before its owner ended (${whenExhausted})`, async () => {
    const runs: number[] = []
    const app = () =>
      reactor('r', { retry: { attempts: 2, base: '1s' }, whenExhausted }).on(
        'post',
        saved,
        (_, { attempt }) => {
          runs.push(attempt)
          throw new Error('no')
        },
      )
    const { owner, clock, deadLetters } = fleet(app)
    const down = { ...deadLetters, put: () => new Promise<void>(() => {}) }
    const first = await engineOf(app(), { clock, deadLetters: down }).engine.open(worker)
    await first.push([inserted(1, 'a')])
    await pass(clock, 5_000)
    const { journal = '' } = first
    first.revoke(new Error('gone'))
    const second = await owner().engine.open(worker, { journal })
    await second.push([inserted(1, 'a')])
    await pass(clock, 5_000)
    const kept = deadLetters.letters.map(({ reason, attempts }) => ({ reason, attempts }))
    if (whenExhausted === 'halt') expect([runs, kept]).toEqual([[1, 2, 3], []])
    else expect([runs, kept]).toEqual([[1, 2], [{ reason: 'exhausted', attempts: 2 }]])
  })
}

test('A8: a redrive that fails again leaves its letter, and the next one has all attempts again', async () => {
  let runs = 0
  const { owner, clock, deadLetters } = fleet(() =>
    reactor('r', { retry: { attempts: 2, base: '1s', max: '1s' } }).on(
      'pay',
      saved,
      () => {
        runs += 1
        throw new Error('no')
      },
      { effect: 'claim' },
    ),
  )
  const sink = memoryEvents()
  const redrive = createRedrive({ application: 'app', deadLetters, events: sink, clock })
  const delivery = await owner().engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 5_000)
  for (let round = 1; round <= 2; round += 1) {
    expect(await redrive.letters()).toBe(1)
    const record = sink.records.at(-1)
    await delivery.push([{ ...inserted(1 + round, ''), ...record }])
    await pass(clock, 5_000)
    expect(runs).toBe(2 + 2 * round)
    expect(deadLetters.letters).toMatchObject([{ sequence: '1', reason: 'exhausted' }])
  }
  expect(delivery.watermark?.sequence).toBe('3')
})

test('A8: a redrive as of an earlier moment than one that failed counts as a repeat of that: the handler is not asked', async () => {
  let runs = 0
  const { owner, clock, deadLetters } = fleet(() =>
    reactor('r', { retry: { attempts: 1 } }).on(
      'pay',
      saved,
      () => {
        runs += 1
        throw new Error('no')
      },
      { effect: 'claim' },
    ),
  )
  const delivery = await owner().engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 1_000)
  const HOUR = 3_600_000
  let sequence = 1
  async function redriven(ahead: number): Promise<number> {
    const events = memoryEvents()
    const operator = { ...clock, now: () => clock.now() + ahead }
    await createRedrive({ application: 'app', deadLetters, events, clock: operator }).letters()
    sequence += 1
    await delivery.push([{ ...inserted(sequence, ''), ...events.records[0] }])
    await pass(clock, 1_000)
    expect(deadLetters.letters).toHaveLength(1)
    return runs
  }
  expect([await redriven(HOUR), await redriven(0)], 'a clock that was ahead').toEqual([2, 2])
  await pass(clock, HOUR)
  expect(await redriven(0)).toBe(3)
})

for (const whenExhausted of ['dead-letter', 'park'] as const) {
  test(`A8: a redrive that has failed, and comes again after a crash, leaves its letter (${whenExhausted})`, async () => {
    let runs = 0
    const { owner, clock, deadLetters } = fleet(() =>
      reactor('r', { retry: { attempts: 1 }, whenExhausted }).on(
        'pay',
        saved,
        () => {
          runs += 1
          throw new Error('no')
        },
        { effect: 'claim' },
      ),
    )
    const sink = memoryEvents()
    const redrive = createRedrive({ application: 'app', deadLetters, events: sink, clock })
    const one = await owner().engine.open(worker)
    await one.push([inserted(1, 'a'), inserted(2, 'a')])
    await pass(clock, 1_000)
    const [letter] = deadLetters.letters
    const ran = runs
    await (whenExhausted === 'park' ? redrive.lane(letter?.id ?? '') : redrive.letter(letter?.id ?? ''))
    const envelope: StreamRecord = { ...inserted(3, ''), ...sink.records[0] }
    for (let owners = 0; owners < 2; owners += 1) {
      const delivery = await owner().engine.open(worker)
      await delivery.push([envelope])
      await pass(clock, 1_000)
      expect(delivery.watermark?.sequence).toBe('3')
    }
    expect(runs, 'once for each time that someone asks').toBe(ran + 1)
    expect(deadLetters.letters.map(({ sequence }) => sequence)).toEqual(['1', '2'])
  })
}

test('A9: attempts that a drain or a lost shard cut short are not counted, nor are RetryAfter and Unavailable', async () => {
  const attempts: number[] = []
  const { owner, clock } = fleet(() =>
    reactor('r', { retry: { attempts: 2 } }).on('slow', saved, async (_, { attempt, signal }) => {
      attempts.push(attempt)
      if (attempts.length === 1) throw new RetryAfter('1s')
      if (attempts.length === 2) throw new Unavailable('slack')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }),
  )
  let journal: string | undefined
  for (let deploy = 0; deploy < 5; deploy += 1) {
    const delivery = await owner().engine.open(worker, journal === undefined ? {} : { journal })
    await delivery.push([inserted(1, 'a')])
    await pass(clock, 5_000)
    expect(await settled(delivery, clock, 1_000)).toHaveLength(1)
    journal = delivery.journal
  }
  expect(attempts).toEqual([1, 1, 1, 1, 1, 1, 1])
})

test('A10: two applications on one table do not take the claims of each other', async () => {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const seen: string[] = []
  for (const application of ['blue', 'green']) {
    const app = reactor('r').on('pay', saved, () => void seen.push(application), { effect: 'claim' })
    const { engine } = engineOf(app, { application, state, clock })
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'a')])
    await delivery.quiet()
  }
  expect(seen).toEqual(['blue', 'green'])
})
