import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, idle, inserted, lambda, record, saved, worker } from '../../test/bench.ts'
import { entity, event, Permanent, RetryAfter, reactor, skip, Unavailable } from '../index.ts'
import { memoryState } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

const cloudEvent = (type: string, data: unknown, id = '1') => ({
  specversion: '1.0',
  id,
  source: 'shop',
  type,
  data,
})

/** A Standard Schema that does as it is told. */
function schemaThat(validate: (value: unknown) => Promise<never>) {
  return { '~standard': { version: 1, vendor: 'test', validate, types: undefined } } as const
}

const breakages = {
  'a key function that throws': event('bad', {
    schema: z.unknown(),
    key: () => {
      throw new Error('no key')
    },
  }),
  'a schema that throws': event('bad', {
    schema: schemaThat(() => {
      throw new Error('broken')
    }),
    key: () => 'k',
  }),
  'a schema that rejects': event('bad', {
    schema: schemaThat(() => Promise.reject(new Error('broken'))),
    key: () => 'k',
  }),
}
for (const [what, bad] of Object.entries(breakages)) {
  test(`${what} costs one published record, not the shard`, async () => {
    const seen: string[] = []
    const { engine, deadLetters } = engineOf(
      reactor('r')
        .on('bad', bad, () => {})
        .on('see', saved, (e) => void seen.push(e.after.id)),
    )
    const delivery = await engine.open(worker)
    await delivery.push([record(1, cloudEvent('bad', {})), inserted(2, 'a')])
    await delivery.quiet()
    expect(deadLetters.letters).toMatchObject([{ reason: 'schema', route: 'bad' }])
    expect([seen, delivery.watermark?.sequence]).toEqual([['a'], '2'])
  })
}

test('RetryAfter(0), and an outage with no jitter, leave room for the rest of the process', async () => {
  const calls = { after: 0, outage: 0 }
  const { engine, pass } = engineOf(
    reactor('r', { retry: { base: 0 } })
      .on('after', saved, () => {
        if (++calls.after < 5) throw new RetryAfter(0)
      })
      .on('outage', saved, () => {
        if (++calls.outage < 5) throw new Unavailable('x')
      }),
    { random: () => 0 },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await delivery.quiet()
  expect(calls).toEqual({ after: 1, outage: 1 })
  await pass(10_000)
  expect([calls, delivery.watermark?.sequence]).toEqual([{ after: 5, outage: 5 }, '1'])
})

test('an item that fails its schema halts a route that halts; without DeadLetters nothing is dropped', async () => {
  const { engine } = engineOf(reactor('r', { whenExhausted: 'halt' }).on('see', saved, () => {}))
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a', { n: 'many' }), inserted(2, 'b')])
  await delivery.quiet()
  expect(delivery.watermark).toBeUndefined()
})

test('a halted reactor does not bring a source that redelivers at once back in a hot loop', async () => {
  const { engine, clock } = engineOf(
    reactor('r', { whenExhausted: 'halt', retry: { attempts: 1 } }).on('see', saved, () => {
      throw new Error('boom')
    }),
  )
  const delivery = await engine.open(lambda)
  await delivery.push([inserted(1, 'a')])
  let settled: unknown
  const settling = delivery.settle(new Date(clock.now() + 60_000)).then((open) => {
    settled = open
  })
  await idle()
  expect(settled).toBeUndefined()
  await clock.moveTo(clock.now() + 10_000, idle)
  await settling
  expect(settled).toEqual([{ sequence: '1', subSequence: 0 }])
})

test('once revoked, a handler that still ends well reports nothing', async () => {
  const gate = Promise.withResolvers<void>()
  const { engine } = engineOf(reactor('r').on('see', saved, () => gate.promise))
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await idle()
  delivery.revoke(new Error('lost'))
  gate.resolve()
  await idle()
  expect([delivery.watermark, delivery.journal]).toEqual([undefined, undefined])
})

test('an asynchronous schema works for one kind of item in a shared table', async () => {
  const Order = entity('order', {
    table: 'clients',
    key: 'id',
    when: { type: 'order' },
    schema: z.object({ id: z.string() }).refine(async () => true),
  })
  const seen: string[] = []
  const { engine, deadLetters } = engineOf(
    reactor('r').on('see', Order.created('order.made'), (e) => void seen.push(e.after.id)),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a', { type: 'order' }), inserted(2, 'b', { type: 'client' })])
  await delivery.quiet()
  expect([seen, deadLetters.letters, delivery.watermark?.sequence]).toEqual([['a'], [], '2'])
})

test('a change whose images are missing is not passed over because its kind cannot be told', async () => {
  const Order = entity('order', {
    table: 'clients',
    key: 'id',
    when: { type: 'order' },
    schema: z.object({ id: z.string() }),
  })
  const { engine, deadLetters } = engineOf(reactor('r').on('see', Order.created('order.made'), () => {}))
  const delivery = await engine.open(worker)
  const keys = { ApproximateCreationDateTime: 1_796_000_000_000, Keys: { id: { S: 'a' } } }
  await delivery.push([record(1, { eventName: 'INSERT', tableName: 'clients', dynamodb: keys })])
  await delivery.quiet()
  expect(deadLetters.letters).toMatchObject([{ reason: 'schema' }])
})

test('a state store that fails while a halt is told does not run the handler again', async () => {
  let runs = 0
  const memory = memoryState()
  const state: StateStore = {
    ...memory,
    set: async (key, value, options) => {
      if (value.state === 'released') throw new Error('store down')
      return memory.set(key, value, options)
    },
  }
  const { engine, pass } = engineOf(
    reactor('r', { whenExhausted: 'halt' }).on(
      'see',
      saved,
      () => {
        runs += 1
        throw new Permanent('never')
      },
      { effect: 'claim' },
    ),
    { state },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(300_000)
  expect([runs, delivery.watermark]).toEqual([1, undefined])
})

test('an event that a route names twice is handled once', async () => {
  const paid = event('paid', { schema: z.unknown(), key: () => 'k' })
  let runs = 0
  const { engine } = engineOf(
    reactor('r').on('see', [paid, paid], () => {
      runs += 1
    }),
  )
  const delivery = await engine.open(worker)
  await delivery.push([record(1, cloudEvent('paid', {}))])
  await delivery.quiet()
  expect(runs).toBe(1)
})

test('a CloudEvent without an id, and a change from no imaginable time, are not recognised', async () => {
  const paid = event('paid', { schema: z.unknown(), key: () => 'k' })
  const { engine, deadLetters } = engineOf(
    reactor('r')
      .on('paid', paid, () => {})
      .on('see', saved, () => {}),
  )
  const delivery = await engine.open(worker)
  const late = {
    eventName: 'INSERT',
    tableName: 'clients',
    dynamodb: { ApproximateCreationDateTime: 1e300, Keys: {} },
  }
  await delivery.push([record(1, cloudEvent('paid', {}, '')), record(2, late)])
  await delivery.quiet()
  expect(deadLetters.letters.map(({ reason }) => reason)).toEqual(['unrecognised', 'unrecognised'])
})

test('a page that could not be taken is never passed by the ones after it', async () => {
  const seen: string[] = []
  const memory = memoryState()
  let down = true
  const state: StateStore = {
    ...memory,
    set: async (key, value, options) => {
      if (down) throw new Error('store down')
      return memory.set(key, value, options)
    },
  }
  const { engine } = engineOf(
    reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
    { state },
  )
  const delivery = await engine.open(lambda)
  await expect(delivery.push([inserted(1, 'a')])).rejects.toThrow('store down')
  down = false
  await expect(delivery.push([inserted(2, 'b')])).rejects.toThrow('store down')
  expect([seen, delivery.watermark]).toEqual([[], undefined])
})

test('what a journal says is done holds only for the routes that were there, also when it is handed on again', async () => {
  const stuck = (e: { after: { id: string } }) => {
    if (e.after.id === 'stuck') throw new Error('not yet')
  }
  const before = engineOf(reactor('r').on('old', saved, stuck))
  const first = await before.engine.open(worker)
  await first.push([inserted(1, 'stuck'), inserted(2, 'b'), inserted(3, 'c')])
  await first.quiet()

  // A deployment adds a route; its first owner comes no further than the first record.
  const late: string[] = []
  const withNew = () =>
    engineOf(
      reactor('r')
        .on('old', saved, stuck)
        .on('new', saved, (e) => void late.push(e.after.id)),
    ).engine
  const hold = (journal: string | undefined) => (journal === undefined ? {} : { journal })
  const second = await withNew().open(worker, hold(first.journal))
  await second.push([inserted(1, 'stuck')])
  await second.quiet()
  const third = await withNew().open(worker, hold(second.journal))
  await third.push([inserted(1, 'stuck'), inserted(2, 'b'), inserted(3, 'c')])
  await third.quiet()
  expect(new Set(late)).toEqual(new Set(['stuck', 'b', 'c']))
})

test('an image nested without end is a dead letter for a route that claims, too', async () => {
  const nested = `${'{"M":{"x":'.repeat(20_000)}{"S":"end"}${'}}'.repeat(20_000)}`
  const dynamodb = `{"ApproximateCreationDateTime":1796000000000,"Keys":{"id":{"S":"a"}},"NewImage":{"id":{"S":"a"}},"OldImage":{"deep":${nested}}}`
  const { engine, deadLetters, pass } = engineOf(reactor('r').on('see', saved, () => {}, { effect: 'claim' }))
  const delivery = await engine.open(worker)
  await delivery.push([
    record(1, `{"eventName":"MODIFY","tableName":"clients","dynamodb":${dynamodb}}`),
    inserted(2, 'b'),
  ])
  await pass(300_000)
  expect(delivery.watermark?.sequence).toBe('2')
  expect(deadLetters.letters.length).toBeLessThanOrEqual(1)
})

test('an observer or a logger that fails stops nothing', async () => {
  const boom = () => {
    throw new Error('no more disk')
  }
  const logger = { debug: boom, info: boom, warn: boom, error: boom }
  for (const observe of [boom, () => Promise.reject(new Error('nobody waits for this'))]) {
    const { engine, deadLetters, pass } = engineOf(
      reactor('r', { retry: { attempts: 2 } }).on('see', saved, (e) => {
        if (e.after.id === 'bad') throw new Error('no')
        return e.after.id === 'slow' ? Promise.resolve() : skip('nothing to do')
      }),
      { logger, observe },
    )
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'bad'), inserted(2, 'slow'), inserted(3, 'c')])
    await pass(60_000)
    expect([delivery.watermark?.sequence, deadLetters.letters.length]).toEqual(['3', 1])
  }
})

test('a journal stays within what a lease row and a state item can hold, however much is stuck', async () => {
  const id = 'r'.repeat(60)
  const { engine } = engineOf(
    reactor(id).on(id, saved, () => {
      throw new Error('stuck')
    }),
  )
  const delivery = await engine.open(worker)
  const long = (n: number) => ({ ...inserted(n, `k${n}`), sequence: String(10n ** 55n + BigInt(n)) })
  await delivery.push(Array.from({ length: 3_000 }, (_, i) => long(i + 1)))
  await delivery.quiet()
  expect(delivery.journal?.length).toBeGreaterThan(150_000)
  expect(delivery.journal?.length).toBeLessThan(250_000)
})
