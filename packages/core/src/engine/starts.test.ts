/** Nothing starts and nothing is written once the shard is lost, whatever was awaited before. */

import { expect, test } from 'vitest'
import { engineOf, idle, inserted, pass, saved, worker } from '../../test/bench.ts'
import { watched } from '../../test/watched.ts'
import { createRedrive } from '../engine.ts'
import { batch, type Middleware, type RouteOptions, reactor } from '../index.ts'
import { memoryEvents, virtualClock } from '../memory/index.ts'

const routes: Readonly<Record<string, RouteOptions>> = {
  plain: {},
  claimed: { effect: 'claim' },
  guarded: { stale: 'skip' },
  parking: { whenExhausted: 'park' },
}

for (const [name, options] of Object.entries(routes))
  for (const gathers of [false, true])
    for (const how of ['revoked', 'not held', 'drained', 'after its lease'])
      test(`F4: ${gathers ? 'a batch of a' : 'a'} ${name} route does not start ${how}, though its middleware goes on and swallows that`, async () => {
        const clock = virtualClock()
        const handled: string[] = []
        let go = () => {}
        const gate = new Promise<void>((resolve) => {
          go = resolve
        })
        const slow: Middleware = async (_event, _context, next) => {
          await gate
          try {
            return await next()
          } catch {
            return 'swallowed'
          }
        }
        const see = (e: { readonly after: { readonly id: string } }) => void handled.push(e.after.id)
        const handler = gathers
          ? batch({ size: 1 }, (events: readonly { readonly after: { readonly id: string } }[]) => {
              for (const event of events) see(event)
            })
          : see
        const { engine } = engineOf(
          reactor('r', { middleware: [slow] }).on('see', saved, handler, { ...options, timeout: '10s' }),
          { clock },
        )
        let held = true
        const delivery = await engine.open(worker, { isHeld: () => held })
        await delivery.push([inserted(1, 'a')])
        await idle()
        if (how === 'revoked') delivery.revoke(new Error('lease lost'))
        if (how === 'not held') held = false
        if (how === 'drained') {
          void delivery.settle(new Date(clock.now() + 1_000))
          await pass(clock, 5_000)
        }
        // Only a route that takes a lease has one that can end.
        if (how === 'after its lease') {
          if (name !== 'claimed' && name !== 'guarded') return
          await pass(clock, 10_500)
        }
        go()
        await idle()
        await idle()
        expect(handled).toEqual([])
        expect(delivery.watermark, 'what did not start is not done').toBeUndefined()
        held = true
        delivery.revoke(new Error('the end'))
      })

test('F13: whichever request a delivery waits for when it is revoked, no write begins afterwards', async () => {
  for (let at = 1, more = true; more; at += 1) {
    const clock = virtualClock()
    const { letters, state, deadLetters, late, lost } = watched(clock, at, false)
    const sink = memoryEvents()
    let broken = true
    const app = () =>
      reactor('r', { retry: { attempts: 1 } })
        .on('claim', saved, () => {}, { effect: 'claim' })
        .on('guard', saved, () => {}, { stale: 'skip' })
        .on(
          'park',
          saved,
          () => {
            if (broken) throw new Error('no')
          },
          { whenExhausted: 'park', effect: 'claim' },
        )
    const first = await engineOf(app(), { clock, state, deadLetters }).engine.open(worker)
    lost.delivery = first
    if (lost.is) first.revoke(new Error('lease lost'))
    await first.push([inserted(1, 'a'), inserted(2, 'a')]).catch(() => {})
    await pass(clock, 30_000)
    if (!lost.is) {
      broken = false
      const redrive = createRedrive({ application: 'app', deadLetters: letters, events: sink, clock })
      await redrive.lane(letters.letters[0]?.id ?? '')
      const drain = { ...inserted(3, 'a'), ...sink.records[0] }
      await first.push([drain]).catch(() => {})
      await pass(clock, 30_000)
    }
    more = lost.is
    expect(late, `revoked at request ${at}`).toEqual([])
    if (!lost.is) expect([letters.letters, first.complete]).toEqual([[], true])
  }
})

for (const minutes of [-60, 60])
  test(`F15: a system clock that is set ${minutes > 0 ? 'forward' : 'back'} by an hour holds up nothing`, async () => {
    const still = virtualClock()
    let jumped = 0
    const clock = { ...still, now: () => still.now() + jumped, next: undefined }
    const waits = { rate: 0, retry: 0, batch: 0, timeout: 0 }
    const add = (what: keyof typeof waits, more = 1) => {
      waits[what] += more
    }
    const app = reactor('r', { retry: { attempts: 3, base: '1s', max: '1s' } })
      .on('rate', saved, () => add('rate'), { rate: '10/s' })
      .on('retry', saved, (_, { attempt }) => {
        add('retry')
        if (attempt === 1) throw new Error('once')
      })
      .on(
        'batch',
        saved,
        batch({ size: 50, within: '2s' }, (events) => add('batch', events.length)),
      )
      .on(
        'timeout',
        saved,
        (_, { signal, attempt }) => {
          add('timeout')
          if (attempt > 1) return undefined
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason))
          })
        },
        { timeout: '2s' },
      )
    const { engine } = engineOf(app, { clock: { ...clock, moveTo: still.moveTo, next: undefined } })
    const delivery = await engine.open(worker)
    await delivery.push(Array.from({ length: 8 }, (_, i) => inserted(i + 1, `k${i}`)))
    await pass(still, 50)
    jumped = minutes * 60_000
    await pass(still, 10_000)
    expect(waits).toEqual({ rate: 8, retry: 16, batch: 8, timeout: 16 })
    expect(delivery.complete).toBe(true)
  })

test('a task whose content was forgotten does not start in the moment in which the shard is lost', async () => {
  // Of so many that wait only the first keep their content.
  const many = 1_100
  const forgotten = 1_026
  for (let gap = 0; gap < 12; gap += 1) {
    let calls = 0
    let isLost = false
    let late = 0
    const ends: (() => void)[] = []
    const { engine } = engineOf(
      reactor('r').on('see', saved, () => {
        calls += 1
        if (isLost) late += 1
        if (calls === 1 || calls >= forgotten) return new Promise<void>((resolve) => ends.push(resolve))
      }),
    )
    const delivery = await engine.open(worker)
    void delivery.push(Array.from({ length: many }, (_, i) => inserted(i + 1, 'one')))
    for (let turn = 0; turn * 256 < many * 2; turn += 1) await idle()
    ends.shift()?.()
    while (calls < forgotten - 1) await Promise.resolve()
    for (let turn = 0; turn < gap; turn += 1) await Promise.resolve()
    isLost = true
    delivery.revoke(new Error('the lease was lost'))
    await idle()
    expect([gap, late]).toEqual([gap, 0])
  }
})

test('middleware that waits for something else before it looks at its handler leaves no failure unhandled', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  try {
    const later: Middleware = async (_event, _context, next) => {
      const handled = next()
      await idle()
      await idle()
      return handled
    }
    const { engine, deadLetters } = engineOf(
      reactor('r', { middleware: [later, later], retry: { attempts: 1 } }).on('see', saved, async () => {
        throw new Error('no')
      }),
    )
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'a')])
    for (let turn = 0; turn < 10; turn += 1) await idle()
    expect([unhandled, deadLetters.letters.length]).toEqual([[], 1])
  } finally {
    process.off('unhandledRejection', note)
  }
})

test('a handler that ends its delivery before it returns hears of it, and is reported if it does not care', async () => {
  const heard: unknown[] = []
  const reason = new Error('the lease was lost')
  const { engine, clock } = engineOf(
    reactor('r').on('see', saved, (_event, { signal }) => {
      signal.addEventListener('abort', () => heard.push(signal.reason))
      delivery.revoke(reason)
      return new Promise<void>(() => {})
    }),
  )
  const delivery = await engine.open(worker)
  void delivery.push([inserted(1, 'a')]).catch(() => {})
  await pass(clock, 120_000)
  expect([heard, engine.overdue]).toEqual([[reason], 1])
})
