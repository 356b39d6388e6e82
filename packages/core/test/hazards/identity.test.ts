/** Scenarios A27 to A33, A40: what is one event, which is newer, and which images matter. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { entity, event, marshal, reactor } from '../../src/index.ts'
import { memoryState, virtualClock } from '../../src/memory/index.ts'
import { engineOf, idle, record, worker } from '../bench.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), n: z.number(), since: z.string() }),
})
const saved = Client.saved('client.saved')
const changed = Client.changed('client.changed')
const heartbeat = event('heartbeat', { schema: z.object({ from: z.string() }), key: (e) => e.from })

interface Change {
  readonly n: number
  readonly at?: number
  readonly precision?: 'MILLISECOND' | 'MICROSECOND'
  readonly eventID?: string
  readonly before?: Readonly<Record<string, unknown>>
  readonly turned?: boolean
}

/** A change of client `a`. `turned`: its members in another order. */
function change(
  sequence: number,
  { n, at = 1_796_000_000_000_000, precision = 'MICROSECOND', ...more }: Change,
) {
  const image = { id: 'a', n, since: '2026' }
  const members = Object.entries(marshal(image))
  const dynamodb = {
    ApproximateCreationDateTime: at,
    ApproximateCreationDateTimePrecision: precision,
    Keys: marshal({ id: 'a' }),
    NewImage: Object.fromEntries(more.turned ? members.reverse() : members),
    ...(more.before === undefined ? {} : { OldImage: marshal(more.before) }),
  }
  const json = {
    eventID: more.eventID ?? `event-${sequence}`,
    eventName: more.before === undefined ? 'INSERT' : 'MODIFY',
    tableName: 'clients',
    dynamodb,
  }
  return record(sequence, more.turned ? Object.fromEntries(Object.entries(json).reverse()) : json)
}

function published(sequence: number, id: string | undefined) {
  const type = 'heartbeat'
  return record(sequence, {
    specversion: '1.0',
    source: 'pump',
    type,
    data: { from: 'p1' },
    ...(id ? { id } : {}),
  })
}

test('A27: equal bytes are no proof: two events with ids of their own are two, one without an id is kept, not merged', async () => {
  const seen: string[] = []
  const { engine, deadLetters } = engineOf(
    reactor('r').on('beat', heartbeat, (e) => void seen.push(e.id), { effect: 'claim' }),
  )
  const delivery = await engine.open(worker)
  await delivery.push([
    published(1, 'x'),
    published(2, 'y'),
    published(3, 'x'),
    published(4, undefined),
    published(5, undefined),
  ])
  await delivery.quiet()
  expect(seen).toEqual(['pump#x', 'pump#y'])
  expect(deadLetters.letters.map(({ reason, sequence }) => `${reason} ${sequence}`)).toEqual([
    'unrecognised 4',
    'unrecognised 5',
  ])
})

test("A28: DynamoDB's repeat of a change is one event, whatever its eventID and the order of its members", async () => {
  const seen: number[] = []
  const { engine } = engineOf(
    reactor('r').on('pay', saved, (e) => void seen.push(e.after.n), { effect: 'claim' }),
  )
  const delivery = await engine.open(worker)
  await delivery.push([change(1, { n: 1 }), change(2, { n: 1, eventID: 'another', turned: true })])
  await delivery.quiet()
  expect(seen).toEqual([1])
})

test('A28: two edits in one millisecond are two events', async () => {
  const seen: number[] = []
  const { engine } = engineOf(
    reactor('r').on('pay', saved, (e) => void seen.push(e.after.n), { effect: 'claim' }),
  )
  const delivery = await engine.open(worker)
  const same = { at: 1_796_000_000_000, precision: 'MILLISECOND' } as const
  await delivery.push([change(1, { n: 1, ...same }), change(2, { n: 2, ...same })])
  await delivery.quiet()
  expect(seen).toEqual([1, 2])
})

function guarded() {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const seen: string[] = []
  const failing = new Map<number, number>()
  const app = () =>
    reactor('r', { retry: { attempts: 2, base: '1s', max: '1s' } }).on(
      'announce',
      saved,
      (e, { attempt }) => {
        const left = failing.get(e.after.n) ?? 0
        failing.set(e.after.n, left - 1)
        if (left > 0) throw new Error('no')
        seen.push(`${e.after.n} attempt ${attempt}`)
      },
      { stale: 'skip' },
    )
  const bench = () => engineOf(app(), { clock, state })
  return { clock, state, seen, failing, bench }
}

test('A29: ties of one millisecond are handled in stream order, repeats of them are not', async () => {
  const { bench, seen } = guarded()
  const { engine } = bench()
  const delivery = await engine.open(worker)
  const ms = { at: 1_796_000_000_123, precision: 'MILLISECOND' } as const
  const records = [change(1, { n: 1, ...ms }), change(2, { n: 2, ...ms }), change(3, { n: 1, ...ms })]
  await delivery.push(records)
  await delivery.quiet()
  expect(seen).toEqual(['1 attempt 1', '2 attempt 1'])
})

test('A29: when the precision switches, what may be newer is not taken for older', async () => {
  const { bench, seen } = guarded()
  const delivery = await bench().engine.open(worker)
  await delivery.push([
    change(1, { n: 1, at: 1_796_000_000_123_456 }),
    // Really …123,900: written later, in milliseconds.
    change(2, { n: 2, at: 1_796_000_000_123, precision: 'MILLISECOND' }),
    // Surely older.
    change(3, { n: 3, at: 1_796_000_000_122, precision: 'MILLISECOND' }),
  ])
  await delivery.quiet()
  expect(seen).toEqual(['1 attempt 1', '2 attempt 1'])
})

test('A30: the second attempt of an event is not stale to itself', async () => {
  const { bench, seen, failing, clock } = guarded()
  failing.set(1, 1)
  const delivery = await bench().engine.open(worker)
  await delivery.push([change(1, { n: 1 })])
  await idle()
  await clock.moveTo(clock.now() + 5_000, idle)
  expect([seen, delivery.watermark?.sequence]).toEqual([['1 attempt 2'], '1'])
})

test('A30: what is older than a dead letter is still stale', async () => {
  const { bench, seen, failing, clock } = guarded()
  failing.set(5, 9)
  const { engine, deadLetters } = bench()
  const delivery = await engine.open(worker)
  await delivery.push([
    change(1, { n: 5, at: 1_796_000_000_000_500 }),
    change(2, { n: 4, at: 1_796_000_000_000_400 }),
  ])
  await idle()
  await clock.moveTo(clock.now() + 5_000, idle)
  expect([seen, deadLetters.letters.length, delivery.watermark?.sequence]).toEqual([[], 1, '2'])
})

test('A30: two owners do not interleave on one key; the guard is the claim', async () => {
  const clock = virtualClock()
  const state = memoryState({ clock })
  let active = 0
  let most = 0
  const seen: number[] = []
  const app = () =>
    reactor('r').on(
      'announce',
      saved,
      async (e) => {
        active += 1
        most = Math.max(most, active)
        await clock.sleep(3_000)
        active -= 1
        seen.push(e.after.n)
      },
      { stale: 'skip' },
    )
  const one = await engineOf(app(), { clock, state }).engine.open(worker)
  const two = await engineOf(app(), { clock, state }).engine.open(worker)
  await one.push([change(1, { n: 1, at: 1_796_000_000_000_001 })])
  await idle()
  await two.push([
    change(1, { n: 1, at: 1_796_000_000_000_001 }),
    change(2, { n: 2, at: 1_796_000_000_000_002 }),
  ])
  await idle()
  await clock.moveTo(clock.now() + 120_000, idle)
  expect([seen, most, two.watermark?.sequence]).toEqual([[1, 2], 1, '2'])
})

test('A33: an old row that fails its schema matters only to routes that show it', async () => {
  const seen: string[] = []
  const { engine, deadLetters } = engineOf(
    reactor('r')
      .on('index', saved, (e) => void seen.push(`index ${e.after.n}`))
      .on('compare', changed, (e) => void seen.push(`compare ${e.before.n}`)),
  )
  const delivery = await engine.open(worker)
  await delivery.push([change(1, { n: 2, before: { id: 'a', n: 1 } })])
  await delivery.quiet()
  expect(seen).toEqual(['index 2'])
  expect(deadLetters.letters).toMatchObject([{ route: 'compare', reason: 'schema', lane: 'clients/a' }])
  expect(deadLetters.letters[0]?.detail).toMatch(/'before' of client.*since/)
})

test('A33: upgrade lifts the old row', async () => {
  const seen: string[] = []
  const Lifted = entity('client', {
    table: 'clients',
    key: 'id',
    schema: z.object({ id: z.string(), n: z.number(), since: z.string() }),
    upgrade: (raw) => ({ since: 'long ago', ...raw }),
  })
  const { engine } = engineOf(
    reactor('r').on('compare', Lifted.changed('x'), (e) => void seen.push(e.before.since, e.after.since)),
  )
  const delivery = await engine.open(worker)
  await delivery.push([change(1, { n: 2, before: { id: 'a', n: 1 } })])
  await delivery.quiet()
  expect(seen).toEqual(['long ago', '2026'])
})

test('A40: a record beyond the limit is kept without being parsed', async () => {
  const { engine, deadLetters } = engineOf(
    reactor('r').on('index', saved, () => {}),
    { maxRecordBytes: 1_000 },
  )
  const delivery = await engine.open(worker)
  await delivery.push([record(1, `"${'x'.repeat(2_000)}"`), change(2, { n: 1 })])
  await delivery.quiet()
  expect(deadLetters.letters).toMatchObject([{ reason: 'too-large', sequence: '1' }])
  expect(deadLetters.letters[0]?.data.length).toBe(2_002)
  expect(delivery.watermark?.sequence).toBe('2')
})

test('a row that changes its kind in a shared table is no change of either kind', async () => {
  const kind = (type: string) =>
    entity(type, {
      table: 'clients',
      key: 'id',
      schema: z.object({ id: z.string(), type: z.literal(type) }),
      when: { type },
    })
  const [Lead, Customer] = [kind('lead'), kind('customer')]
  const seen: string[] = []
  const { engine, deadLetters } = engineOf(
    reactor('r')
      .on('lead', Lead.changed('lead.changed'), () => void seen.push('lead changed'))
      .on('customer', Customer.changed('customer.changed'), () => void seen.push('customer changed'))
      .on('won', Customer.saved('customer.saved'), () => void seen.push('customer saved')),
  )
  const delivery = await engine.open(worker)
  const dynamodb = {
    ApproximateCreationDateTime: 1_796_000_000_000_000,
    Keys: marshal({ id: 'a' }),
    OldImage: marshal({ id: 'a', type: 'lead' }),
    NewImage: marshal({ id: 'a', type: 'customer' }),
  }
  await delivery.push([record(1, { eventName: 'MODIFY', tableName: 'clients', dynamodb })])
  await delivery.quiet()
  expect([seen, deadLetters.letters]).toEqual([['customer saved'], []])
})
