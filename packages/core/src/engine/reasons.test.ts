/** What a delivery says that its lowest unfinished record waits for: a runtime keeps a shard only for such a reason. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { createEngine, type Delivery, type Reason } from '../engine.ts'
import { batch, entity, type Reactor, RetryAfter, reactor, Unavailable } from '../index.ts'
import { memoryDeadLetters, memoryState, virtualClock } from '../memory/index.ts'
import { type StateStore, silent } from '../ports/index.ts'

const Item = entity('item', { table: 'items', key: 'id', schema: z.object({ id: z.string() }) })
const saved = Item.saved('item.saved')

function world(made: Reactor, state: StateStore = memoryState(), more: object = {}) {
  const clock = virtualClock()
  const engine = createEngine({
    ...{
      application: 'app',
      reactors: [made],
      state,
      deadLetters: memoryDeadLetters(),
      clock,
      logger: silent,
    },
    random: () => 0.5,
    ...more,
  })
  return { clock, engine }
}

const change = (id: string, n: number) => ({
  ...{ sequence: String(n), subSequence: 0, partitionKey: id, arrivedAt: new Date() },
  data: Buffer.from(
    JSON.stringify({
      ...{ eventID: `e${n}`, eventName: 'INSERT', tableName: 'items', eventSource: 'aws:dynamodb' },
      dynamodb: {
        ApproximateCreationDateTime: 1,
        Keys: { id: { S: id } },
        NewImage: { id: { S: id } },
        SizeBytes: 1,
      },
    }),
  ),
})

async function opened({ engine }: ReturnType<typeof world>, ...ids: string[]): Promise<Delivery> {
  const delivery = await engine.open({ stream: 's', shard: '0', redelivers: 'none' })
  void delivery.push(ids.map((id, n) => change(id, n + 1))).catch(() => {})
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  return delivery
}

type Handle = Parameters<typeof route>[0]
const route = (handler: (e: { readonly key: string }) => unknown, options: object) =>
  reactor('r').on('see', saved, handler, options)
const see = (handler: Handle, options: object = {}) => route(handler, options)
const never = () => new Promise<void>(() => {})

test('nothing is waited for where nothing is unfinished', async () => {
  const delivery = await opened(world(see(() => {})), 'a')
  expect(delivery.waitsFor).toBeUndefined()
})

const rows: readonly (readonly [Reason, () => Parameters<typeof world>])[] = [
  ['handler', () => [see(never)]],
  ['handler', () => [reactor('r').on('see', saved, batch({ size: 10, within: '1m' }, never))]],
  [
    'retry',
    () => [
      see(() => {
        throw new Error('no')
      }),
    ],
  ],
  [
    'retry-after',
    () => [
      see(() => {
        throw new RetryAfter('1m')
      }),
    ],
  ],
  [
    'unavailable',
    () => [
      see(() => {
        throw new Unavailable('slack', 'down')
      }),
    ],
  ],
  [
    'halt',
    () => [
      see(
        () => {
          throw new Error('no')
        },
        { whenExhausted: 'halt', retry: { attempts: 1 } },
      ),
    ],
  ],
  ['unnamed', () => [see(() => {}, { effect: 'claim' }), { ...memoryState(), set: never as never }]],
]
test.each(rows)('%s', async (reason, given) => {
  expect((await opened(world(...given()), 'a')).waitsFor).toBe(reason)
})

test('a handler that runs on beyond its deadline is overdue, and is told from one that keeps it', async () => {
  const made = world(see(never, { timeout: '10s' }))
  const delivery = await opened(made, 'a')
  await made.clock.moveTo(made.clock.now() + 9_000)
  expect(delivery.waitsFor).toBe('handler')
  await made.clock.moveTo(made.clock.now() + 3_000)
  expect(delivery.waitsFor).toBe('overdue')
})

test('an attempt beyond its deadline counts for the next owner, whatever became of it, and ends with the last one', async () => {
  const deadLetters = memoryDeadLetters()
  let starts = 0
  const deaf: Handle = ({ key }) => {
    if (key !== 'a') return
    starts += 1
    return never()
  }
  let journal: string | undefined
  for (const attempt of [1, 2, 3]) {
    const made = world(see(deaf, { timeout: '10s', retry: { attempts: 3 } }), memoryState(), { deadLetters })
    const delivery = await made.engine.open(
      { stream: 's', shard: '0', redelivers: 'none' },
      journal === undefined ? {} : { journal },
    )
    void delivery.push([change('a', 1), change('b', 2)]).catch(() => {})
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    await made.clock.moveTo(made.clock.now() + 9_000)
    const before = delivery.journal
    expect([starts, delivery.waitsFor]).toEqual([attempt, 'handler'])
    await made.clock.moveTo(made.clock.now() + 3_000)
    expect(delivery.waitsFor).toBe('overdue')
    // A lease says that something has changed by its journal.
    expect(delivery.journal).not.toBe(before)
    journal = delivery.journal
    delivery.revoke(new Error('the shard stands still'))
  }
  const made = world(see(deaf, { timeout: '10s', retry: { attempts: 3 } }), memoryState(), { deadLetters })
  const last = await made.engine.open(
    { stream: 's', shard: '0', redelivers: 'none' },
    journal === undefined ? {} : { journal },
  )
  await last.push([change('a', 1), change('b', 2)])
  await last.quiet()
  expect([starts, last.watermark?.sequence]).toEqual([3, '2'])
  expect(deadLetters.letters.map(({ reason, attempts }) => [reason, attempts])).toEqual([['exhausted', 3]])
})

test('a claim that another owner has is waited for', async () => {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const claiming = () => see(never, { effect: 'claim', timeout: '1h' })
  await opened(world(claiming(), state, { clock }), 'a')
  expect((await opened(world(claiming(), state, { clock }), 'a')).waitsFor).toBe('held')
})

test('a suspect record waits for an outage of the state store by name, and without one for a store that is silent', async () => {
  let answer: 'fails' | 'is silent' = 'fails'
  const kept = memoryState()
  const set: StateStore['set'] = () =>
    answer === 'fails' ? Promise.reject(new Unavailable('state', 'down')) : new Promise(() => {})
  const made = world(
    see(() => {}),
    { ...kept, set },
  )
  const hold = { crashes: 2 }
  const delivery = await made.engine.open({ stream: 's', shard: '0', redelivers: 'none' }, hold)
  void delivery.push([change('a', 1)]).catch(() => {})
  const turns = async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  await turns()
  expect(delivery.waitsFor).toBe('unavailable')
  answer = 'is silent'
  await made.clock.moveTo(made.clock.now() + 1_000)
  await turns()
  expect(delivery.waitsFor).toBe('unnamed')
})

test('a route whose places are taken in another shard waits for a place, and not at the gate', async () => {
  const one = world(see(never, { concurrency: 1 }))
  const first = await opened(one, 'a')
  expect(first.waitsFor).toBe('handler')
  const second = await one.engine.open({ stream: 's', shard: '1', redelivers: 'none' })
  void second.push([change('b', 1)]).catch(() => {})
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  expect(second.waitsFor).toBe('place')
})

test('places are blocked once all who have one ignore their deadlines, of the route or of the shard, and of no other', async () => {
  const deaf: Handle = ({ key }) => (key.startsWith('deaf') ? never() : undefined)
  const slow: Handle = () => never()
  const made = reactor('r')
    .on('deaf', saved, deaf, { concurrency: 2, timeout: '10s' })
    .on('slow', saved, slow, { concurrency: 1, timeout: '1h' })
  const one = world(made)
  const waiting = async (...ids: string[]) => {
    const delivery = await one.engine.open({ stream: 's', shard: ids.join(), redelivers: 'none' })
    void delivery.push(ids.map((id, n) => change(id, n + 1))).catch(() => {})
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    return delivery
  }
  // The first shard has a place of `deaf`, and that of `slow`.
  await waiting('deaf 1')
  const other = await waiting('well')
  await one.clock.moveTo(one.clock.now() + 12_000)
  expect(one.engine.overdue).toBe(1)
  // A handler of another route is deaf, and this one waits for a place that somebody has within his deadline.
  expect(other.waitsFor).toBe('place')
  await waiting('deaf 2')
  const blocked = await waiting('deaf 3')
  expect(blocked.waitsFor).toBe('place')
  await one.clock.moveTo(one.clock.now() + 12_000)
  expect([other.waitsFor, blocked.waitsFor]).toEqual(['place', 'blocked'])
})

test('the places of a shard are blocked once all who have one ignore their deadlines', async () => {
  const handler: Handle = ({ key }) => {
    if (key === 'a') throw new Error('no')
    return never()
  }
  const made = see(handler, { timeout: '10s', retry: { base: '1s', attempts: 9 } })
  const one = world(made, memoryState(), { concurrency: 1 })
  // The first record comes back for its next attempt, and the second one has the place.
  const delivery = await opened(one, 'a', 'b')
  expect(delivery.waitsFor).toBe('retry')
  await one.clock.moveTo(one.clock.now() + 5_000)
  expect(delivery.waitsFor).toBe('place')
  await one.clock.moveTo(one.clock.now() + 7_000)
  expect(delivery.waitsFor).toBe('blocked')
})

test('a batch that waits for a place is blocked once all batches that have one ignore their deadlines', async () => {
  const handle = ([event]: readonly { readonly key: string }[]) =>
    event?.key === 'deaf' ? never() : undefined
  const made = reactor('r').on('load', saved, batch({ size: 1, within: '1s' }, handle), {
    concurrency: 1,
    timeout: '10s',
  })
  const one = world(made, memoryState(), { concurrency: 1 })
  const waiting = async (id: string) => {
    const delivery = await one.engine.open({ stream: 's', shard: id, redelivers: 'none' })
    void delivery.push([change(id, 1)]).catch(() => {})
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    return delivery
  }
  const deaf = await waiting('deaf')
  const other = await waiting('well')
  expect([deaf.waitsFor, other.waitsFor]).toEqual(['handler', 'handler'])
  await one.clock.moveTo(one.clock.now() + 12_000)
  expect([deaf.waitsFor, other.waitsFor]).toEqual(['overdue', 'blocked'])
})

test('what the list of a batch handler promises has the deadline of the batch, and hears of it', async () => {
  const heard: unknown[] = []
  const made = reactor('r').on(
    'load',
    saved,
    batch({ size: 2, within: '1s' }, (events: readonly { readonly key: string }[], { signal }) => {
      const obeys = () =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            heard.push(signal.reason.code)
            reject(signal.reason)
          }),
        )
      return events.map(({ key }) => (key === 'deaf' ? never() : obeys()))
    }),
    { timeout: '10s', retry: { attempts: 1 } },
  )
  const one = world(made)
  const delivery = await opened(one, 'well', 'deaf')
  await one.clock.moveTo(one.clock.now() + 9_000)
  expect([heard, delivery.waitsFor]).toEqual([[], 'handler'])
  await one.clock.moveTo(one.clock.now() + 3_000)
  expect([heard, delivery.waitsFor, one.engine.overdue]).toEqual([['deadline'], 'overdue', 1])
})

test('a paused route, a rate and a full house are named', async () => {
  const paused = world(see(() => {}))
  paused.engine.pause('r/see')
  expect((await opened(paused, 'a')).waitsFor).toBe('gate')
  const slow = world(see(() => {}, { rate: '1/h' }))
  expect((await opened(slow, 'a', 'b')).waitsFor).toBe('gate')
  // The second record waits for the place of the first; the lowest one is told.
  const full = world(see(never), memoryState(), { concurrency: 1 })
  expect((await opened(full, 'a', 'b')).waitsFor).toBe('handler')
})

test('a record that waits behind another of its lane is told by that one; a schema that does not answer has no name', async () => {
  const failing = world(
    see((e: { key: string }) => {
      if (e.key === 'a') throw new RetryAfter('1m')
    }),
  )
  expect((await opened(failing, 'a', 'a', 'b')).waitsFor).toBe('retry-after')
  const hanging = z.object({ id: z.string() }).refine(async () => {
    await never()
    return true
  })
  const Slow = entity('slow', { table: 'items', key: 'id', schema: hanging })
  const made = reactor('r').on('see', Slow.saved('slow.saved'), () => {})
  expect((await opened(world(made), 'a')).waitsFor).toBe('unnamed')
})
