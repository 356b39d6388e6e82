/** What the harness offers to a test beyond writing and advancing, and what it says when a claim does not hold. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { entity, event, RetryAfter, reactor, reminder, skip, Unavailable } from '../index.ts'
import { harness } from './index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({
    id: z.string(),
    plan: z.enum(['trial', 'paid', 'churned']).default('trial'),
    coupon: z.string().optional(),
  }),
})
const joined = Client.created('client.joined')
const saved = Client.saved('client.saved')
const upgraded = Client.changed('client.upgraded', { plan: { from: 'trial', to: 'paid' } })
const acme = { id: 'acme', plan: 'trial', coupon: 'x' } as const

test('an update changes some attributes and removes others; what it cannot do it refuses', async () => {
  const seen: unknown[] = []
  const ship = harness(() => reactor('r').on('see', saved, (e) => void seen.push(e.after)))
  await ship.put(Client, acme)
  await ship.update(Client, 'acme', { plan: 'paid', coupon: undefined })
  await ship.update(Client, { id: 'acme', plan: 'paid' }, { plan: 'paid' })
  expect(seen).toEqual([acme, { id: 'acme', plan: 'paid' }])
  await expect(ship.update(Client, 'nobody', {})).rejects.toMatchObject({ code: 'no-row' })
  await expect(ship.update(Client, 'acme', { id: 'other' })).rejects.toMatchObject({ code: 'key' })
  // @ts-expect-error a value that the field does not have
  await ship.update(Client, 'acme', { plan: 'gold' })
})

test('rows keep numbers that a double would round, where the entity asks for them', async () => {
  const Meter = entity('meter', {
    table: 'meters',
    key: 'id',
    numbers: 'lossless',
    schema: z.object({ id: z.string(), serial: z.bigint() }),
  })
  const look = reminder('look', { payload: z.object({ id: z.string() }), key: (p) => p.id }).unless(
    Meter,
    (p) => p.id,
    (row) => row.serial < 0n,
  )
  const seen: unknown[] = []
  const ship = harness(({ reminders }) =>
    reactor('r')
      .on('see', Meter.saved('meter.saved'), (e) => void seen.push(e.after.serial))
      .on(
        'later',
        Meter.created('meter.made'),
        reminders.schedule(look, { in: '1h', payload: (e) => ({ id: e.key }) }),
      )
      .on('look', look, (e) => void seen.push(e.key)),
  )
  await ship.put(Meter, { id: 'm', serial: 12_345_678_901_234_567_890n })
  await ship.update(Meter, 'm', { serial: 12_345_678_901_234_567_891n })
  await ship.advance('1h')
  expect(seen).toEqual([12_345_678_901_234_567_890n, 12_345_678_901_234_567_891n, 'm'])
  expect(ship.explain(ship.records[0])[0]).toMatchObject({ matched: true, why: 'it matches' })
})

test('rows are told apart by all of their keys, also where these read alike', async () => {
  const Pair = entity('pair', {
    table: 'pairs',
    key: { partition: 'pk', sort: 'sk' },
    schema: z.object({ pk: z.string(), sk: z.string() }),
  })
  const Counted = entity('counted', {
    table: 'counted',
    key: 'id',
    schema: z.object({ id: z.union([z.number(), z.string(), z.instanceof(Uint8Array)]) }),
  })
  const seen: unknown[] = []
  const ship = harness(() =>
    reactor('r')
      .on('pair', Pair.created('pair.created'), (e) => void seen.push([e.after.pk, e.after.sk]))
      .on('counted', Counted.created('counted.created'), (e) => void seen.push(e.after.id)),
  )
  const pairs = [
    ['a|b', 'c'],
    ['a', 'b|c'],
    ['a\\', 'b'],
    ['a', '\\|b'],
  ] as const
  for (const [pk, sk] of pairs) await ship.put(Pair, { pk, sk })
  const ids = [1, '1', 'MQ', new Uint8Array([0x31])] as const
  for (const id of ids) await ship.put(Counted, { id })
  expect(seen).toEqual([...pairs, ...ids])
  await ship.remove(Pair, { pk: 'a', sk: 'b|c' })
  await ship.put(Pair, { pk: 'a|b', sk: 'c' })
  await ship.put(Pair, { pk: 'a', sk: 'b|c' })
  expect(seen.slice(pairs.length + ids.length)).toEqual([['a', 'b|c']])
})

test('a row that expires was removed by the time to live; one that is not there cannot', async () => {
  const by: string[] = []
  const ship = harness(() =>
    reactor('r').on('gone', Client.removed('client.gone', { by: 'ttl' }), (e) => void by.push(e.by)),
  )
  await ship.put(Client, acme)
  await ship.expire(Client, 'acme')
  expect(by).toEqual(['ttl'])
  await expect(ship.expire(Client, 'acme')).rejects.toMatchObject({ code: 'no-row' })
})

test('shuffled writes arrive in the order of their seed, and nothing runs before all are written', async () => {
  const arrivals = async (seed: number) => {
    const seen: string[] = []
    const ship = harness(() => reactor('r').on('see', saved, (e) => void seen.push(e.after.id)))
    await ship.shuffle(
      async () => {
        for (const id of 'abcdefgh') await ship.put(Client, { id })
        expect(seen).toEqual([])
      },
      { seed },
    )
    expect(() => ship.expect('r/see', { key: 'a', runs: 2 })).toThrow(`shuffled with the seed ${seed}`)
    return seen.join('')
  }
  const [one, again, two] = [await arrivals(1), await arrivals(1), await arrivals(2)]
  expect(one).toBe(again)
  expect(one).not.toBe(two)
  expect([...one].sort().join('')).toBe('abcdefgh')
})

test('a guarded route sees no older state after a newer one, in whatever order they arrive', async () => {
  for (let seed = 0; seed < 20; seed += 1) {
    let last = ''
    const ship = harness(() =>
      reactor('r').on(
        'see',
        saved,
        (e) => {
          last = e.after.coupon ?? ''
        },
        { stale: 'skip' },
      ),
    )
    await ship.shuffle(
      async () => {
        await ship.put(Client, { id: 'a', coupon: '1' })
        await ship.update(Client, 'a', { coupon: '2' })
        await ship.update(Client, 'a', { coupon: '3' })
      },
      { seed },
    )
    expect([seed, last]).toEqual([seed, '3'])
  }
})

test('what is on the way says what it waits for', async () => {
  let calls = 0
  const ship = harness(() =>
    reactor('r', { whenExhausted: 'halt' })
      .on('retries', joined, () => {
        throw new Error('boom')
      })
      .on('told', joined, () => {
        throw new RetryAfter('1h')
      })
      .on('out', joined, () => {
        calls += 1
        if (calls < 3) throw new Unavailable('slack')
      }),
  )
  await ship.put(Client, acme)
  await ship.put(Client, { id: 'next' })
  const at = (route: string) => ship.pending.filter((task) => task.route === route)
  expect(at('r/retries')[0]).toEqual({
    route: 'r/retries',
    key: 'acme',
    position: '1',
    attempt: 2,
    until: new Date('2026-01-01T00:00:01Z'),
    why: 'waiting: retry: Error: boom',
  })
  expect(at('r/told')[0]?.until).toEqual(new Date('2026-01-01T01:00:00Z'))
  expect(at('r/out')[0]?.why).toContain('slack is unavailable')
  ship.expect('r/told', { key: 'next', pending: 1 })
  await ship.advance('30m')
  expect(at('r/retries')[0]?.why).toBe('halted: Error: boom')
  ship.expect('r/out', { runs: 4, done: 2 })
})

test('a handler that hangs leaves its record pending, and is told when its time is over', async () => {
  let reason: unknown
  const ship = harness(
    () =>
      reactor('r', { retry: { attempts: 1 } }).on(
        'hangs',
        joined,
        (_, { signal }) =>
          new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              reason = signal.reason
              reject(signal.reason)
            }),
          ),
        { timeout: '20s' },
      ),
    { patience: 0 },
  )
  await ship.put(Client, acme)
  expect(ship.pending).toMatchObject([{ route: 'r/hangs', key: 'acme', why: 'its handler runs' }])
  await ship.advance('20s')
  expect(reason).toMatchObject({ code: 'deadline' })
  ship.expect('r/hangs', { runs: 1, deadLetters: 1 })
})

test('dead letters come back one by one, all together, or as a lane', async () => {
  let broken = true
  const seen: string[] = []
  const handle = (name: string) => (e: { after: { id: string; coupon?: string | undefined } }) => {
    if (broken && e.after.id === 'bad') throw new Error('boom')
    seen.push(`${name} ${e.after.id} ${e.after.coupon ?? ''}`.trim())
  }
  const ship = harness(() =>
    reactor('r', { retry: { attempts: 1 } })
      .on('each', saved, handle('each'))
      .on('lane', saved, handle('lane'), { whenExhausted: 'park' }),
  )
  for (const coupon of ['1', '2']) await ship.put(Client, { id: 'bad', coupon })
  ship.expect('r/each', { key: 'bad', deadLetters: 2 })
  ship.expect('r/lane', { key: 'bad', runs: 1, parked: 2 })
  broken = false
  await ship.redrive(ship.deadLetters.find(({ route }) => route === 'each')?.id ?? '')
  expect(seen).toEqual(['each bad 1'])
  await ship.redrive('all')
  expect(seen.toSorted()).toEqual(['each bad 1', 'each bad 2', 'lane bad 1', 'lane bad 2'])
  expect(seen.indexOf('lane bad 1')).toBeLessThan(seen.indexOf('lane bad 2'))
  expect(ship.deadLetters).toEqual([])
  await expect(ship.redrive('no such letter')).rejects.toMatchObject({ code: 'no-letter' })
})

test('a reminder that comes due while time passes is handled at its time', async () => {
  const again = reminder('again', { payload: z.object({ id: z.string() }), key: (p) => p.id })
  const at: string[] = []
  const ship = harness(({ reminders, clock }) =>
    reactor('r')
      .on('start', joined, reminders.schedule(again, { in: '1h', payload: (e) => ({ id: e.after.id }) }))
      .on('fire', again, () => void at.push(new Date(clock.now()).toISOString())),
  )
  await ship.put(Client, acme)
  await ship.advance('1d')
  expect(at).toEqual(['2026-01-01T01:00:00.000Z'])
})

test('each route says what it makes of a record', async () => {
  const paid = event('paid', { schema: z.object({ id: z.string() }), key: (e) => e.id })
  const Shared = entity('shared', {
    table: 'clients',
    key: 'id',
    when: { type: 'shared' },
    schema: z.object({ id: z.string(), type: z.string() }),
  })
  const ship = harness(() =>
    reactor('r')
      .on('upgraded', upgraded, () => {})
      .on('coupon', Client.changed('client.coupon', { coupon: { from: undefined } }), () => {})
      .on('expired', Client.removed('client.expired', { by: 'ttl' }), () => {})
      .on('shared', Shared.saved('shared.saved'), () => {})
      .on('longer', Client.changed('client.longer', { plan: (before, after) => after > before }), () => {})
      .on('paid', [paid, saved], () => {}),
  )
  await ship.put(Client, acme)
  await ship.update(Client, 'acme', { plan: 'churned' })
  const why = () => Object.fromEntries(ship.explain().map(({ route, why }) => [route, why]))
  expect(why()).toEqual({
    'r/upgraded': "client.upgraded: 'plan' went from 'trial' to 'churned', the pattern asks for 'paid'",
    'r/coupon': "client.coupon: 'coupon' did not change ('x')",
    'r/expired': 'client.expired: the row was changed, the event is for removed',
    'r/shared': "shared.saved: 'type' is missing, that of shared is 'shared'",
    'r/longer': "client.longer: 'plan' went from 'trial' to 'churned', its predicate says no",
    'r/paid': 'it matches',
  })
  await ship.update(Client, 'acme', { plan: 'paid' })
  expect(why()['r/upgraded']).toBe(
    "client.upgraded: 'plan' went from 'churned' to 'paid', the pattern asks for a change from 'trial'",
  )
  await ship.remove(Client, 'acme')
  expect(why()['r/expired']).toBe('client.expired: it was done by user, the event is for ttl')
  await ship.publish(paid, { id: 'a' })
  expect(why()['r/upgraded']).toBe("client.upgraded: the record is a published 'paid'")
  await ship.deliver('no json')
  expect(why()['r/paid']).toContain('the record is undecodable')
  expect(ship.explain(ship.records[0]).find(({ route }) => route === 'r/paid')?.matched).toBe(true)
})

test('a record that no route wants is told with each reason, of its own table and of others', async () => {
  const Order = entity('order', { table: 'orders', key: 'id', schema: z.object({ id: z.string() }) })
  const ship = harness(() =>
    reactor('r')
      .on('greet', joined, () => {})
      .on('thank', upgraded, () => {})
      .on('ship', Order.created('order.created'), () => {}),
  )
  await ship.put(Client, acme)
  await ship.remove(Client, 'acme')
  const why = () => Object.fromEntries(ship.explain().map(({ route, why }) => [route, why]))
  expect(why()).toEqual({
    'r/greet': 'client.joined: the row was removed, the event is for created',
    'r/thank': 'client.upgraded: the row was removed, the event is for changed',
    'r/ship': "order.created: the record is a change of 'clients'",
  })
  await ship.deliver({
    tableName: 'other',
    eventName: 'REMOVE',
    dynamodb: { Keys: { id: { S: 'a' } }, ApproximateCreationDateTime: 1 },
  })
  expect(new Set(Object.values(why()).map((reason) => reason.split(': ')[1]))).toEqual(
    new Set(["the record is a change of 'other'"]),
  )
})

test('a claim that does not hold is answered with what arrived and the trail in between', async () => {
  let calls = 0
  const ship = harness(() =>
    reactor('greeter', { retry: { attempts: 2, base: '1s' } })
      .on('greet', joined, () => {
        calls += 1
        if (calls === 1) throw new Error('boom')
        return skip('greeted by hand')
      })
      .on('thank', upgraded, () => {}),
  )
  await ship.put(Client, acme)
  await ship.advance('1h')
  await ship.put(Client, { id: 'other' })
  ship.expect('greeter/greet', { key: 'acme', runs: 2, skipped: 1 })
  ship.expect('greeter/greet')
  const claim = () => ship.expect('greeter/thank', { key: 'acme', runs: 1, done: 1 })
  expect(messageOf(claim)).toBe(
    [
      "greeter/thank for 'acme': expected runs 1, done 1; got runs 0, done 0",
      '',
      "1. clients 'acme' created (+0s)",
      '  greeter/greet: in its lane; run 1; waits until +1s (retry: Error: boom); run 2; skipped (greeted by hand)',
      '  greeter/thank: did not match: client.upgraded: the row was created, the event is for changed',
    ].join('\n'),
  )
  expect(() => ship.expect('greeter/thank')).toThrow('expected at least one run; got nothing')
  expect(() => ship.expect('greeter/welcome')).toThrow(
    /no route has this name: expected one of greeter\/greet, greeter\/thank/,
  )
  expect(ship.trail).toContain("2. clients 'other' created (+1h)")
})

test('a message tells of the route that was asked what it did not match, and of no other', async () => {
  const ship = harness(() =>
    reactor('greeter')
      .on('greet', joined, () => {})
      .on('thank', upgraded, () => {})
      .on('bye', Client.removed('client.left'), () => {}),
  )
  await ship.put(Client, acme)
  expect(messageOf(() => ship.expect('greeter/thank'))).toBe(
    [
      'greeter/thank: expected at least one run; got nothing',
      '',
      "1. clients 'acme' created (+0s)",
      '  greeter/greet: in its lane; run 1; done',
      '  greeter/thank: did not match: client.upgraded: the row was created, the event is for changed',
    ].join('\n'),
  )
  expect(ship.trail).toContain('greeter/bye: did not match')
})

test('a claim for a key that nothing has is answered with the keys that there are', async () => {
  const Order = entity('order', {
    table: 'orders',
    key: { partition: 'client', sort: 'no' },
    schema: z.object({ client: z.string(), no: z.number() }),
  })
  const ship = harness(() => reactor('r').on('see', Order.saved('order.saved'), () => {}))
  for (const no of [1, 2, 2]) await ship.put(Order, { client: 'acme', no })
  expect(messageOf(() => ship.expect('r/see', { key: 'acme/1' }))).toBe(
    "r/see for 'acme/1': expected at least one run; got nothing\n\nno record has this key: expected one of 'acme|1', 'acme|2'",
  )
  ship.expect('r/see', { key: 'acme|1', runs: 1 })
  expect(messageOf(() => ship.expect('r/see', { key: 'acme/1', runs: 0 }))).toContain(
    "r/see for 'acme/1': expected a record; got runs 0\n\nno record has this key",
  )
})

test('a claim about a count that there is none of, or that is no number, is refused', async () => {
  const ship = harness(() => reactor('r').on('see', saved, () => {}))
  await ship.put(Client, acme)
  // @ts-expect-error a misspelt count, and a text where a number belongs
  expect(() => ship.expect('r/see', { run: 1, done: '1' })).toThrow(
    /'run' is not a count: expected 'key', 'runs', 'done'[\s\S]*'done' is a string: expected a number/,
  )
})

test('words that mean nothing are refused, where they would silently do less', async () => {
  const ship = harness(() => reactor('r').on('see', joined, () => {}))
  // @ts-expect-error what a caller without types could pass
  await expect(ship.redeliver({ as: 'duplicate' })).rejects.toThrow("'redelivery', 'duplicates' or 'crash'")
  // @ts-expect-error what a caller without types could pass
  expect(() => ship.crash('handler')).toThrow("'claim', 'effect', 'complete', 'dead-letter' or 'checkpoint'")
  const nested = ship.shuffle(() => ship.shuffle(async () => {}))
  await expect(nested).rejects.toThrow('a shuffle runs within another one')
  await expect(ship.tick()).rejects.toThrow('no route is made with every()')
})

test('an armed crash that was not reached stands in the message', async () => {
  const ship = harness(() => reactor('r').on('see', joined, () => {}))
  ship.crash('claim')
  await ship.put(Client, acme)
  expect(() => ship.expect('r/see', { runs: 2 })).toThrow("was to crash at 'claim', which was not reached")
})

test('wrong options are listed together', () => {
  // @ts-expect-error what a caller without types could pass
  expect(() => harness(undefined, { failover: 'soon', patience: -1, start: new Date('x') })).toThrow(
    /4 problem\(s\)/,
  )
})

function messageOf(claim: () => void): string {
  try {
    claim()
  } catch (error) {
    if (error instanceof Error) return error.message
  }
  return 'nothing was thrown'
}
