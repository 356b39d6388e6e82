import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, idle, inserted, record, saved, worker } from '../../test/bench.ts'
import { event, Permanent, reactor } from '../index.ts'
import { memoryState, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

const START = Date.UTC(2026, 0, 1)

/** An application with one claimed route, as each owner of the shard has it. */
function owners(
  handle: (attempt: number) => unknown,
  given: { state?: StateStore; formerly?: string[] } = {},
) {
  const clock = virtualClock(START)
  const state = given.state ?? memoryState({ clock })
  const owner = (id: string) =>
    engineOf(
      reactor('r', { retry: { attempts: 2, base: '1s', max: '1s' } }).on(
        id,
        saved,
        (_, { attempt }) => handle(attempt),
        {
          effect: 'claim',
          timeout: '10s',
          ...(given.formerly && id !== 'pay' ? { formerly: given.formerly } : {}),
        },
      ),
      { clock, state },
    )
  return { clock, state, owner }
}

async function fly(owner: ReturnType<typeof engineOf>, ms = 120_000) {
  const delivery = await owner.engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await owner.pass(ms)
  return delivery
}

test('what a claim says is completed is not run again, by whichever owner, nor under a new id of the route', async () => {
  let runs = 0
  const { owner } = owners(
    () => {
      runs += 1
    },
    { formerly: ['pay'] },
  )
  await fly(owner('pay'))
  await fly(owner('pay'))
  const renamed = await fly(owner('refund'))
  expect([runs, renamed.watermark?.sequence]).toEqual([1, '1'])
})

test('what a claim says is dead is neither run nor buried again', async () => {
  let runs = 0
  const { owner } = owners(() => {
    runs += 1
    throw new Permanent('never')
  })
  const first = owner('pay')
  await fly(first)
  const second = owner('pay')
  const delivery = await fly(second)
  expect([runs, first.deadLetters.letters.length, second.deadLetters.letters.length]).toEqual([1, 1, 0])
  expect(delivery.watermark?.sequence).toBe('1')
})

test('a claim is released before a retry, so that another owner need not wait for the lease', async () => {
  let fails = true
  const { owner } = owners(() => {
    if (fails) throw new Error('boom')
  })
  const first = owner('pay')
  const dying = await first.engine.open(worker)
  await dying.push([inserted(1, 'a')])
  await idle()
  dying.revoke(new Error('lost'))
  fails = false
  const delivery = await fly(owner('pay'), 0)
  expect(delivery.watermark?.sequence).toBe('1')
})

test('an owner that slept through its lease cannot end the claim of its successor, and says so', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let runs = 0
  const { owner, clock } = owners(() => gates[runs++]?.promise)
  const sleeper = owner('pay')
  const first = await sleeper.engine.open(worker)
  await first.push([inserted(1, 'a')])
  await idle()
  const heir = owner('pay')
  const second = await heir.engine.open(worker)
  await second.push([inserted(1, 'a')])
  await heir.pass(12_250)
  expect(runs).toBe(2)
  gates[0]?.resolve()
  await idle()
  const warnings = sleeper.logged.filter(({ level }) => level === 'warn').map(({ message }) => message)
  expect(warnings).toEqual([expect.stringContaining('a claim was taken over')])

  // The successor still holds: a third owner waits for it.
  const third = owner('pay')
  const waiting = await third.engine.open(worker)
  await waiting.push([inserted(1, 'a')])
  await idle()
  expect([runs, waiting.watermark]).toEqual([2, undefined])
  gates[1]?.resolve()
  await clock.moveTo(clock.now() + 60_000, idle)
  expect([runs, waiting.watermark?.sequence]).toEqual([2, '1'])
})

test('an owner that ends its claim while another takes it over keeps its end: the takeover is told, and runs nothing', async () => {
  const memory = memoryState({ clock: virtualClock(START) })
  let takeovers = 0
  const state: StateStore = {
    ...memory,
    set: async (key, value, options) => {
      if (options.expect === undefined || value.state !== 'held') return memory.set(key, value, options)
      takeovers += 1
      // The other owner has read the claim, and has not written yet.
      await memory.set(key, { state: 'completed' }, { expect: options.expect })
      return memory.set(key, value, options)
    },
  }
  let runs = 0
  const { owner } = owners(
    () => {
      runs += 1
      return new Promise(() => {})
    },
    { state },
  )
  const first = await owner('pay').engine.open(worker)
  await first.push([inserted(1, 'a')])
  await idle()
  const second = await fly(owner('pay'))
  expect([runs, takeovers, second.watermark?.sequence]).toEqual([1, 1, '1'])
  first.revoke(new Error('over'))
})

test('an owner whose claim was taken over and let go again ends it: the event is not run once more', async () => {
  const memory = memoryState({ clock: virtualClock(START) })
  let busy = true
  let key = ''
  const state: StateStore = {
    ...memory,
    set: async (name, value, options) => {
      key = name
      if (busy && value.state === 'completed') throw new Error('the store is busy')
      return memory.set(name, value, options)
    },
  }
  let runs = 0
  const { owner, clock } = owners(() => void runs++, { state })
  const delivery = await owner('pay').engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await idle()
  const held = await memory.get(key)
  const taken = await memory.set(key, { state: 'held', until: 0 }, { expect: held?.version })
  if (!taken.ok) throw new Error('the claim could not be taken over')
  await memory.set(key, { state: 'released' }, { expect: taken.version })
  busy = false
  await clock.moveTo(clock.now() + 60_000, idle)
  await fly(owner('pay'))
  expect([runs, (await memory.get(key))?.value.state]).toEqual([1, 'completed'])
})

test('the lease of a claim ends no later than the delivery, so that a killed owner is followed after the skew', async () => {
  let runs = 0
  const { owner } = owners(() => {
    runs += 1
    return runs === 1 ? new Promise(() => {}) : undefined
  })
  const killed = owner('pay')
  const first = await killed.engine.open(worker, { hardEnd: new Date(START + 3_000) })
  await first.push([inserted(1, 'a')])
  await idle()
  const heir = owner('pay')
  const second = await heir.engine.open(worker)
  await second.push([inserted(1, 'a')])
  await heir.pass(4_999)
  expect(runs).toBe(1)
  await heir.pass(251)
  expect([runs, second.watermark?.sequence]).toEqual([2, '1'])
})

test('an identity longer than a key may be, chosen by whoever publishes, is claimed like any other', async () => {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const state: StateStore = {
    ...memory,
    set: async (key, value, options) => {
      if (Buffer.byteLength(key) > 1_024) throw new Error('One or more parameter values are not valid')
      return memory.set(key, value, options)
    },
  }
  const paid = event('paid', { schema: z.unknown(), key: () => 'k' })
  let runs = 0
  const { engine, pass } = engineOf(
    reactor('r').on(
      'pay',
      paid,
      () => {
        runs += 1
      },
      { effect: 'claim' },
    ),
    { state, clock },
  )
  const long = (id: string) => ({
    specversion: '1.0',
    id: `${'é'.repeat(2_000)}${id}`,
    source: 's',
    type: 'paid',
  })
  const delivery = await engine.open(worker)
  await delivery.push([record(1, long('a')), record(2, long('a')), record(3, long('b'))])
  await pass(60_000)
  expect([runs, delivery.watermark?.sequence]).toEqual([2, '3'])
})

const verdicts: Readonly<Record<string, (attempt: number) => unknown>> = {
  done: () => undefined,
  permanent: () => {
    throw new Permanent('never')
  },
  'fails once': (attempt) => {
    if (attempt === 1) throw new Error('boom')
  },
}
for (const [what, handle] of Object.entries(verdicts)) {
  for (const when of ['before', 'after'] as const) {
    test(`${what}: a store that fails ${when} any of its writes never makes a final verdict run again`, async () => {
      for (let broken = 0; broken < 5; broken += 1) {
        const clock = virtualClock(START)
        const memory = memoryState({ clock })
        let writes = 0
        const state: StateStore = {
          ...memory,
          set: async (key, value, options) => {
            const fails = writes++ === broken
            if (fails && when === 'before') throw new Error('store down')
            const result = await memory.set(key, value, options)
            if (fails) throw new Error('the answer was lost')
            return result
          },
        }
        const attempts: number[] = []
        const owner = engineOf(
          reactor('r', { retry: { attempts: 3, base: '1s', max: '1s' } }).on(
            'pay',
            saved,
            (_, { attempt }) => {
              attempts.push(attempt)
              return handle(attempt)
            },
            { effect: 'claim' },
          ),
          { clock, state },
        )
        const delivery = await fly(owner)
        expect(attempts).toEqual(what === 'fails once' ? [1, 2] : [1])
        expect(owner.deadLetters.letters.length).toBe(what === 'permanent' ? 1 : 0)
        expect(delivery.watermark?.sequence).toBe('1')
      }
    })
  }
}

test('a claim that the store takes longer to answer than it lasts starts nothing: another owner may have it by then', async () => {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  let slow = true
  const state: StateStore = {
    ...memory,
    set: async (...args) => {
      const result = await memory.set(...args)
      if (slow) {
        slow = false
        await clock.sleep(40_000)
      }
      return result
    },
  }
  let active = 0
  let runs = 0
  const app = () =>
    reactor('r').on(
      'pay',
      saved,
      async () => {
        runs += 1
        expect(++active).toBe(1)
        await clock.sleep(20_000)
        active -= 1
      },
      { effect: 'claim' },
    )
  const one = engineOf(app(), { clock, state })
  const first = await one.engine.open(worker)
  await first.push([inserted(1, 'a')])
  await one.pass(35_000)
  const second = await engineOf(app(), { clock, state: memory }).engine.open(worker)
  await second.push([inserted(1, 'a')])
  await one.pass(120_000)
  expect([runs, first.watermark?.sequence, second.watermark?.sequence]).toEqual([1, '1', '1'])
})
