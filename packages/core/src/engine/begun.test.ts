/** What a handler begins through its context and does not await: it neither ends the process nor is lost. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, inserted, saved, worker } from '../../test/bench.ts'
import { type Context, event, type Middleware, Permanent, reactor } from '../index.ts'
import type { OutgoingRecord } from '../ports/index.ts'

const paid = event('paid', { schema: z.object({ n: z.number() }), key: ({ n }) => String(n) })

/** A stream on which the first puts fail, or wait until they may go on. */
function sink({ failures = 0, held = Promise.resolve() }: { failures?: number; held?: Promise<void> } = {}) {
  let left = failures
  const records: OutgoingRecord[] = []
  const put = async (added: readonly OutgoingRecord[]) => {
    await held
    left -= 1
    if (left >= 0) throw new Error('the stream is full')
    records.push(...added)
  }
  const ids = () => records.map(({ data }) => JSON.parse(new TextDecoder().decode(data)).id)
  return { events: { put }, records, ids }
}

const forgetful = {
  synchronous: (publish: () => Promise<void>) => void publish(),
  asynchronous: async (publish: () => Promise<void>) => void publish(),
  'that waits for something else': async (publish: () => Promise<void>) => {
    const published = publish()
    await new Promise((resolve) => setImmediate(resolve))
    void published
  },
}

for (const [what, handle] of Object.entries(forgetful))
  test(`a publication that a handler does not await fails its attempt, and the next one repeats it: ${what}`, async () => {
    const { events, records } = sink({ failures: 1 })
    const attempts: number[] = []
    const { engine, pass, deadLetters } = engineOf(
      reactor('r', { retry: { base: '1s' } }).on('bill', saved, (_, { publish, attempt }) => {
        attempts.push(attempt)
        return handle(() => publish(paid, { n: 1 }))
      }),
      { events },
    )
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'a')])
    await pass(10_000)
    expect([attempts, records.length, deadLetters.letters.length]).toEqual([[1, 2], 1, 0])
    expect(delivery.watermark).toMatchObject({ sequence: '1' })
  })

test('a record is not done while a publication of its handler is under way', async () => {
  const held = Promise.withResolvers<void>()
  const { events, records } = sink({ held: held.promise })
  const { engine, pass } = engineOf(
    reactor('r').on('bill', saved, (_, { publish }) => void publish(paid, { n: 1 })),
    { events },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(1_000)
  expect(delivery.watermark).toBeUndefined()
  held.resolve()
  await delivery.quiet()
  expect([delivery.watermark?.sequence, records.length]).toEqual(['1', 1])
})

test('a failure that the handler has seen is its own: it may catch it, or hand it on', async () => {
  const seen = {
    caught: async (publish: () => Promise<void>) => void (await publish().catch(() => {})),
    'caught by a branch': (publish: () => Promise<void>) => void publish().catch(() => {}),
    'one of two': async (publish: () => Promise<void>) => void (await Promise.allSettled([publish()])),
  }
  for (const handle of Object.values(seen)) {
    let runs = 0
    const { engine, pass } = engineOf(
      reactor('r', { retry: { base: '1s' } }).on('bill', saved, (_, { publish }) => {
        runs += 1
        return handle(() => publish(paid, { n: 1 }))
      }),
      { events: sink({ failures: 1 }).events },
    )
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'a')])
    await pass(10_000)
    expect([runs, delivery.watermark?.sequence]).toEqual([1, '1'])
  }
})

test('a verdict of a publication that nobody awaits counts, and what the handler throws itself counts more', async () => {
  const { engine, pass, deadLetters } = engineOf(
    reactor('r', { retry: { attempts: 1 } })
      .on('wrong', saved, (_, { publish }) => void publish(paid, { n: 'one' as unknown as number }))
      .on('fails', saved, (_, { publish }) => {
        void publish(paid, { n: 1 })
        throw new Permanent('no such client')
      }),
    { events: sink({ failures: 1 }).events },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(10_000)
  expect(deadLetters.letters.map(({ route, reason, detail }) => [route, reason, detail]).sort()).toEqual([
    ['fails', 'permanent', expect.stringContaining('no such client')],
    ['wrong', 'schema', expect.stringContaining("'paid'")],
  ])
})

test('a longer deadline that is refused, and that nobody awaits, fails the attempt', async () => {
  const gone = Promise.withResolvers<void>()
  const late = async (_: unknown, { extend }: Pick<Context, 'extend'>) => {
    await gone.promise
    void extend('1s')
  }
  const { engine, pass, deadLetters } = engineOf(
    reactor('r', { retry: { attempts: 1 } }).on('slow', saved, late, { timeout: '1s' }),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(1_500)
  gone.resolve()
  await delivery.quiet()
  expect(deadLetters.letters).toMatchObject([{ detail: expect.stringContaining('deadline') }])
})

test('middleware and its handler publish under different ids, the same on each attempt', async () => {
  const { events, ids } = sink()
  const audited: Middleware = async (_, { publish }, next) => {
    await publish(paid, { n: 1 })
    return next()
  }
  const { engine, pass } = engineOf(
    reactor('r', { retry: { base: '1s' }, middleware: [audited] }).on(
      'bill',
      saved,
      async (_, { publish, attempt }) => {
        await publish(paid, { n: 2 })
        if (attempt === 1) throw new Error('again')
      },
    ),
    { events },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(10_000)
  const [first, second] = [ids().slice(0, 2), ids().slice(2)]
  expect([new Set(first).size, second]).toEqual([2, first])
})

const careless: Readonly<Record<string, Middleware>> = {
  synchronous: (_, __, next) => void next(),
  asynchronous: async (_, __, next) => void next(),
  'that waits for something else': async (_, __, next) => {
    next()
    await new Promise((resolve) => setImmediate(resolve))
  },
}
for (const [what, middleware] of Object.entries(careless))
  for (const effect of ['journal', 'claim'] as const)
    test(`a handler that its middleware does not await fails its attempt all the same, ${effect}: ${what}`, async () => {
      const attempts: number[] = []
      const { engine, pass, deadLetters } = engineOf(
        reactor('r', { retry: { base: '1s', attempts: 3 }, middleware: [middleware] }).on(
          'charge',
          saved,
          async (_, { attempt }) => {
            attempts.push(attempt)
            await new Promise((resolve) => setImmediate(resolve))
            throw new Error('refused')
          },
          { effect },
        ),
      )
      const delivery = await engine.open(worker)
      await delivery.push([inserted(1, 'a')])
      for (let n = 0; n < 3; n += 1) await pass(60_000)
      expect(attempts).toEqual([1, 2, 3])
      expect(deadLetters.letters.map(({ reason }) => reason)).toEqual(['exhausted'])
    })

test('middleware that catches what its handler fails with has ended the attempt', async () => {
  const catching: readonly Middleware[] = [
    (_, __, next) => next().catch(() => {}),
    async (_, __, next) => {
      try {
        await next()
      } catch {}
    },
    (_, __, next) => Promise.allSettled([next()]),
  ]
  for (const middleware of catching) {
    let runs = 0
    const { engine, pass, deadLetters } = engineOf(
      reactor('r', { middleware: [middleware] }).on('charge', saved, () => {
        runs += 1
        throw new Error('refused')
      }),
    )
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'a')])
    await pass(60_000)
    expect([runs, deadLetters.letters.length, delivery.watermark?.sequence]).toEqual([1, 0, '1'])
  }
})
