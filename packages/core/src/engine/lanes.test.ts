/** Order and independence, bounds, retries, what a delivery leaves behind. */

import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, idle, inserted, lambda, saved, worker } from '../../test/bench.ts'
import { entity, Permanent, RetryAfter, reactor, Unavailable } from '../index.ts'
import { memoryDeadLetters, type VirtualClock, virtualClock } from '../memory/index.ts'
import type { DeadLetters } from '../ports/index.ts'

const sequences = (positions: readonly { readonly sequence: string }[]) => positions.map((p) => p.sequence)

test('a failing route holds up only its own lane: other keys and other routes go on, and the lane stays in order', async () => {
  const seen: string[] = []
  let down = true
  const { engine, pass } = engineOf(
    reactor('r')
      .on('slack', saved, ({ after }) => {
        if (down && after.id === 'a') throw new Error('down')
        seen.push(`slack ${after.id}${after.n}`)
      })
      .on('index', saved, ({ after }) => void seen.push(`index ${after.id}${after.n}`)),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'b'), inserted(3, 'a')])
  await delivery.quiet()
  expect(seen.sort()).toEqual(['index a1', 'index a3', 'index b2', 'slack b2'])
  seen.length = 0
  down = false
  await pass(60_000)
  expect([seen, delivery.watermark?.sequence]).toEqual([['slack a1', 'slack a3'], '3'])
})

test('no more handlers run at once than `concurrency`; a lane that waits for its retry takes no place', async () => {
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const running = new Set<string>()
  const { engine } = engineOf(
    reactor('r').on('see', saved, async ({ after: { id } }) => {
      if (id === 'bad') throw new Error('boom')
      const gate = Promise.withResolvers<void>()
      gates.set(id, gate)
      running.add(id)
      await gate.promise
      running.delete(id)
    }),
    { concurrency: 2 },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'bad'), ...['a', 'b', 'c', 'd'].map((id, i) => inserted(i + 2, id))])
  await idle()
  expect([...running]).toEqual(['a', 'b'])
  gates.get('a')?.resolve()
  await idle()
  expect([...running]).toEqual(['b', 'c'])
})

for (const [what, maxAhead] of Object.entries({
  records: { records: 2 },
  bytes: { bytes: inserted(1, 'k1').data.length * 2 },
})) {
  test(`push resolves only while what is ahead of the watermark is within its bound of ${what}; settle and revoke release it`, async () => {
    const gates: PromiseWithResolvers<void>[] = []
    const { engine, clock } = engineOf(
      reactor('r').on('see', saved, () => {
        const gate = Promise.withResolvers<void>()
        gates.push(gate)
        return gate.promise
      }),
      { maxAhead },
    )
    const full = async () => {
      const delivery = await engine.open(worker)
      let wants = false
      const pushed = delivery.push([1, 2, 3].map((n) => inserted(n, `k${n}`))).then(() => {
        wants = true
      })
      await idle()
      expect(wants).toBe(false)
      return { delivery, pushed }
    }
    const first = await full()
    gates[2]?.resolve() // the last one: what it did stays ahead of the watermark
    await idle()
    gates[0]?.resolve()
    await first.pushed
    gates[1]?.resolve()
    await first.delivery.quiet()

    const second = await full()
    second.delivery.revoke(new Error('lost'))
    await second.pushed

    const third = await full()
    let settled = false
    const settling = third.delivery.settle(new Date(clock.now())).then(() => {
      settled = true
    })
    while (!settled) await clock.moveTo(clock.now() + 1_000, idle)
    await Promise.all([settling, third.pushed])
    for (const gate of gates) gate.resolve()
  })
}

test('retries wait a random part of a doubling bound: full jitter', async () => {
  const at: number[] = []
  const { engine, clock, pass } = engineOf(
    reactor('r', { retry: { attempts: 6, base: '1s', max: '4s' } }).on('see', saved, () => {
      at.push(clock.now())
      throw new Error('boom')
    }),
    { random: () => 0.5 },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(60_000)
  const waits = at.slice(1).map((moment, i) => moment - (at[i] ?? 0))
  expect(waits).toEqual([500, 1_000, 2_000, 2_000, 2_000])
})

test('RetryAfter waits as long as it says and Unavailable as long as it takes, both without counting', async () => {
  const attempts: number[] = []
  const { engine, clock, deadLetters, pass } = engineOf(
    reactor('r', { retry: { attempts: 1, base: '1s', max: '1s' } }).on('see', saved, (_, { attempt }) => {
      attempts.push(attempt)
      if (attempts.length === 1) throw new RetryAfter('7s')
      if (attempts.length < 20) throw new Unavailable('slack')
    }),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await idle()
  await clock.moveTo(clock.now() + 6_999, idle)
  expect(attempts).toEqual([1])
  await clock.moveTo(clock.now() + 1, idle)
  expect(attempts).toEqual([1, 1])
  await pass(60_000)
  expect([new Set(attempts), attempts.length]).toEqual([new Set([1]), 20])
  expect([deadLetters.letters, delivery.watermark?.sequence]).toEqual([[], '1'])
})

test('a dead letter is durable before its record counts as done, and the handler is not asked again meanwhile', async () => {
  const kept = memoryDeadLetters()
  let down = true
  const deadLetters: DeadLetters = {
    ...kept,
    put: async (letter) => {
      if (down) throw new Error('bucket down')
      return kept.put(letter)
    },
  }
  let runs = 0
  const { engine, pass } = engineOf(
    reactor('r').on('see', saved, () => {
      runs += 1
      throw new Permanent('never')
    }),
    { deadLetters: { ...deadLetters, letters: [] } },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(300_000)
  expect(delivery.watermark).toBeUndefined()
  down = false
  await pass(60_000)
  expect([runs, delivery.watermark?.sequence]).toEqual([1, '1'])
  expect(kept.letters).toMatchObject([
    {
      id: expect.stringMatching(/^app\/r\/see\/event\/[\w-]{43}$/),
      reason: 'permanent',
      detail: 'Permanent [permanent]: never',
      attempts: 1,
      data: inserted(1, 'a').data,
    },
  ])
})

test('discard drops the record with a log line; halt holds this reactor and no other', async () => {
  const boom = () => {
    throw new Permanent('never')
  }
  const seen: string[] = []
  const { engine, deadLetters, logged } = engineOf([
    reactor('drops', { whenExhausted: 'discard' }).on('see', saved, boom),
    reactor('halts', { whenExhausted: 'halt' })
      .on('see', saved, boom)
      .on('also', saved, ({ after }) => void seen.push(`halts ${after.id}`)),
    reactor('goes-on').on('see', saved, ({ after }) => void seen.push(`goes on ${after.id}`)),
  ])
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await delivery.quiet()
  await delivery.push([inserted(2, 'b')])
  await delivery.quiet()
  expect(seen).not.toContain('halts b')
  expect(seen).toContain('goes on b')
  expect([deadLetters.letters, delivery.watermark]).toEqual([[], undefined])
  const errors = logged.filter(({ level }) => level === 'error').map(({ message }) => message)
  expect(new Set(errors)).toEqual(
    new Set(['record discarded', 'reactor halted on this shard until someone acts']),
  )
})

test('attempts and the time of the next one survive a change of owner', async () => {
  const attempts: number[] = []
  const app = () =>
    reactor('r', { retry: { attempts: 4, base: '1s', max: '1s' } }).on('see', saved, (_, { attempt }) => {
      attempts.push(attempt)
      throw new Error('boom')
    })
  for (const source of [worker, lambda]) {
    attempts.length = 0
    const first = engineOf(app())
    const { clock, state, deadLetters } = first
    const delivery = await first.engine.open(source)
    await delivery.push([inserted(1, 'a')])
    await first.pass(1_500)
    const settling = delivery.settle(new Date(clock.now() + 100))
    await first.pass(20_000)
    expect(sequences(await settling)).toEqual(['1'])
    expect(attempts).toEqual([1, 2])

    const { journal } = delivery
    const second = engineOf(app(), { clock, state, deadLetters })
    const hold = source.redelivers === 'none' && journal !== undefined ? { journal } : {}
    const next = await second.engine.open(source, hold)
    await next.push([inserted(1, 'a')])
    await second.pass(10_000)
    expect(attempts).toEqual([1, 2, 3, 4])
    expect(deadLetters.letters).toMatchObject([{ attempts: 4 }])
    expect(next.watermark?.sequence).toBe('1')
  }
})

test('settle waits until its moment, then aborts; it answers what is unfinished, lowest first, and counts no attempt', async () => {
  const reasons: unknown[] = []
  const { engine, clock, pass } = engineOf(
    reactor('r').on('see', saved, async ({ after }, { signal }) => {
      if (after.id === 'fast') return
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      reasons.push(signal.reason.code)
      throw signal.reason
    }),
    { concurrency: 2 },
  )
  const delivery = await engine.open(worker)
  const records = ['slow', 'fast', 'slower', 'fast', 'slow'].map((id, i) => inserted(i + 9, id))
  await delivery.push(records)
  await idle()
  const settling = delivery.settle(new Date(clock.now() + 5_000))
  await pass(4_999)
  expect(reasons).toEqual([])
  await pass(1)
  expect(sequences(await settling)).toEqual(['9', '11', '12', '13'])
  expect(reasons).toEqual(['draining', 'draining'])
  await expect(delivery.push([inserted(20, 'x')])).rejects.toMatchObject({ code: 'delivery-ended' })
  expect(JSON.parse(delivery.journal ?? '').open).toEqual([['9', 'r/see', 0, 0]])
})

test('revoke is synchronous: signals abort at once with its reason, and nothing that waited starts', async () => {
  const seen: string[] = []
  let reason: unknown
  const { engine, pass } = engineOf(
    reactor('r').on('see', saved, ({ after }, { signal }) => {
      seen.push(after.id)
      if (after.id === 'fails') throw new Error('boom')
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
          resolve(undefined)
        })
      })
    }),
    { concurrency: 2 },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'fails'), inserted(2, 'runs'), inserted(3, 'too'), inserted(4, 'waits')])
  await idle()
  expect(seen).toEqual(['fails', 'runs', 'too'])
  const lost = new Error('lost')
  delivery.revoke(lost)
  expect(reason).toBe(lost)
  await pass(600_000)
  expect([seen, delivery.watermark]).toEqual([['fails', 'runs', 'too'], undefined])
})

test('the deadline is the timeout or the hard end, whichever is first, and the signal aborts at it', async () => {
  const seen: { deadline: number; code?: string }[] = []
  const { engine, clock, pass } = engineOf(
    reactor('r', { retry: { attempts: 1 } })
      .on(
        'short',
        saved,
        async (_, { signal, deadline }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          seen.push({ deadline: deadline.getTime(), code: signal.reason.code })
        },
        { timeout: '3s' },
      )
      .on('long', saved, (_, { deadline }) => void seen.push({ deadline: deadline.getTime() })),
  )
  const start = clock.now()
  const delivery = await engine.open(worker, { hardEnd: new Date(start + 10_000) })
  await delivery.push([inserted(1, 'a')])
  await pass(3_000)
  expect(seen).toEqual([{ deadline: start + 10_000 }, { deadline: start + 3_000, code: 'deadline' }])
  delivery.revoke(new Error('over'))
  expect(clock.next).toBeUndefined()
})

test('an asynchronous schema, however long each record takes, keeps the order of a lane across pages', async () => {
  const turns = [9, 0, 5, 0, 2]
  const Slow = entity('slow', {
    table: 'clients',
    key: 'id',
    schema: z.object({ id: z.string(), n: z.number() }).refine(async ({ n }) => {
      for (let turn = turns[n - 1] ?? 0; turn > 0; turn -= 1) await Promise.resolve()
      return true
    }),
  })
  const seen: number[] = []
  const { engine } = engineOf(
    reactor('r').on('see', Slow.saved('slow.saved'), (e) => void seen.push(e.after.n)),
  )
  const delivery = await engine.open(worker)
  await Promise.all([
    delivery.push([1, 2].map((n) => inserted(n, 'a'))),
    delivery.push([3, 4].map((n) => inserted(n, 'a'))),
    delivery.push([inserted(5, 'a')]),
  ])
  await delivery.quiet()
  expect([seen, delivery.watermark?.sequence]).toEqual([[1, 2, 3, 4, 5], '5'])
})

test('a route that was renamed knows what it did under its former id', async () => {
  const seen: string[] = []
  const at = (id: string, formerly: string[]) =>
    engineOf(
      reactor('r')
        .on('stuck', saved, ({ after }) => {
          if (after.n === 1) throw new Error('boom')
        })
        .on(id, saved, ({ after }) => void seen.push(`${id} ${after.n}`), { formerly }),
    ).engine
  const before = await at('repay', []).open(worker)
  await before.push([inserted(1, 'a'), inserted(2, 'b')])
  await before.quiet()
  const { journal = '' } = before
  const after = await at('refund', ['repay']).open(worker, { journal })
  await after.push([inserted(1, 'a'), inserted(2, 'b'), inserted(3, 'c')])
  await after.quiet()
  expect(seen).toEqual(['repay 1', 'repay 2', 'refund 3'])
})

test('an empty page changes nothing; a journal that someone edited is no journal', async () => {
  const seen: number[] = []
  const { engine } = engineOf(reactor('r').on('see', saved, ({ after }) => void seen.push(after.n)))
  const edited = (fields: object) =>
    JSON.stringify({ version: 1, highest: '9', routes: ['r/see'], open: [], ...fields })
  const odd = [
    edited({ version: 2 }),
    edited({ highest: 9 }),
    edited({ highest: 'TRIM_HORIZON' }),
    edited({ routes: 'r/see' }),
    edited({ open: [null] }),
    edited({ open: [['1', 'r/see', 'two', 0]] }),
    edited({ open: [[1, 'r/see', 0, 0]] }),
  ]
  for (const journal of ['{', 'null', '[]', ...odd]) {
    seen.length = 0
    const delivery = await engine.open(worker, { journal })
    await delivery.push([])
    expect([delivery.watermark, delivery.journal]).toEqual([undefined, undefined])
    await delivery.push([inserted(1, 'a')])
    await delivery.quiet()
    expect(seen).toEqual([1])
  }
})

test('a shard that is not held for a moment goes on when its lease is renewed after all; what ran is not run again', async () => {
  const seen: string[] = []
  let held = true
  const { engine, clock } = engineOf(
    reactor('r').on('see', saved, async (e) => {
      seen.push(`${e.after.id}${e.after.n}`)
      await clock.sleep(100)
    }),
  )
  const delivery = await engine.open(worker, { isHeld: () => held })
  await delivery.push([inserted(1, 'a'), inserted(2, 'a')])
  held = false
  await clock.moveTo(clock.now() + 5_000, idle)
  expect([seen, delivery.watermark]).toEqual([['a1'], undefined])
  held = true
  await clock.moveTo(clock.now() + 5_000, idle)
  expect([seen, delivery.watermark?.sequence]).toEqual([['a1', 'a2'], '2'])
})

test('pages are taken in within the bounds while handlers hang; their records are looked at when it is nearly their turn', async () => {
  let looked = 0
  const counting = saved.spec
  if (counting.kind !== 'change') throw new Error('not a change')
  const validate = (value: unknown) => {
    looked += 1
    return { value }
  }
  const schema = {
    '~standard': { version: 1, vendor: 'test', validate },
  } as const
  const def = { name: 'counted', spec: { ...counting, entity: { ...counting.entity, schema } } }
  const release: (() => void)[] = []
  const { engine } = engineOf(
    reactor('r').on('hang', def, () => new Promise<void>((resolve) => release.push(resolve))),
    { concurrency: 2, maxAhead: { records: 5_000 } },
  )
  const delivery = await engine.open(worker)
  for (let page = 0; page < 5; page += 1)
    await delivery.push(
      Array.from({ length: 1_000 }, (_, i) => inserted(page * 1_000 + i + 1, `client-${page}-${i}`)),
    )
  let room = false
  void delivery.push([inserted(5_001, 'last')]).then(() => {
    room = true
  })
  await idle()
  expect([room, looked < 300, delivery.complete]).toEqual([false, true, false])
  for (let round = 0; !delivery.complete && round < 20_000; round += 1) {
    for (const done of release.splice(0)) done()
    await idle()
  }
  expect([delivery.watermark?.sequence, looked]).toEqual(['5001', 5_001])
})

test('what waits costs the others nothing: no signal gathers listeners, and a free place is offered once', async () => {
  const clock = virtualClock()
  let most = 0
  const sleep: VirtualClock['sleep'] = (ms, signal) => {
    const slept = clock.sleep(ms, signal)
    if (signal !== undefined) most = Math.max(most, getEventListeners(signal, 'abort').length)
    return slept
  }
  let waits = 0
  let active = 0
  const { engine, pass } = engineOf(
    reactor('r', { retry: { base: '1s' } })
      .on('fails', saved, (e, { attempt }) => {
        if (attempt === 1) throw new Error(e.after.id)
      })
      .on(
        'bounded',
        saved,
        async () => {
          active += 1
          expect(active).toBeLessThanOrEqual(2)
          await clock.sleep(10)
          active -= 1
        },
        { concurrency: 2 },
      ),
    {
      clock: { ...clock, sleep },
      observe: ({ step, route }) => {
        if (step === 'waiting' && route === 'r/bounded') waits += 1
      },
    },
  )
  const delivery = await engine.open(worker)
  await delivery.push(Array.from({ length: 100 }, (_, i) => inserted(i + 1, `k${i}`)))
  await pass(10_000)
  expect(delivery.watermark?.sequence).toBe('100')
  expect(most).toBeLessThan(4)
  expect(waits).toBeLessThan(200)
})
