import { expect, test } from 'vitest'
import * as z from 'zod'
import { type Effect, entity, event, reactor } from '../index.ts'
import { harness } from './index.ts'

const Seat = entity('seat', {
  table: 'seats',
  key: { partition: 'client', sort: 'no' },
  schema: z.object({ client: z.string(), no: z.number(), taken: z.boolean().default(false) }),
})
const saved = Seat.saved('seat.saved')
const paid = event('paid', { schema: z.object({ client: z.string() }), key: (e) => e.client })

/** How often each effect happens for one save, after everything has arrived again. */
async function effects(as: 'redelivery' | 'duplicates' | 'crash') {
  const counts: Record<Effect, number> = { idempotent: 0, journal: 0, claim: 0 }
  const ship = harness(() => {
    const app = reactor('r')
    for (const effect of ['idempotent', 'journal', 'claim'] as const)
      app.on(
        effect,
        saved,
        () => {
          counts[effect] += 1
        },
        { effect },
      )
    return app
  })
  await ship.put(Seat, { client: 'a', no: 1 })
  await ship.redeliver({ as })
  return counts
}

test('a redelivery is silent, a duplicate and a crash only where an effect is claimed', async () => {
  expect(await effects('redelivery')).toEqual({ idempotent: 1, journal: 1, claim: 1 })
  expect(await effects('duplicates')).toEqual({ idempotent: 2, journal: 2, claim: 1 })
  expect(await effects('crash')).toEqual({ idempotent: 2, journal: 2, claim: 1 })
})

test('the tables behave as DynamoDB: no record for a write that changes nothing, both images, who removed', async () => {
  const seen: unknown[] = []
  const ship = harness(() =>
    reactor('r')
      .on('saved', saved, (e) => void seen.push([e.key, e.before?.taken, e.after.taken]))
      .on(
        'expired',
        Seat.removed('seat.expired', { by: 'ttl' }),
        (e) => void seen.push(['expired', e.before.no]),
      )
      .on(
        'removed',
        Seat.removed('seat.removed', { by: 'user' }),
        (e) => void seen.push(['removed', e.before.no]),
      ),
  )
  await ship.put(Seat, { client: 'a', no: 1 })
  await ship.put(Seat, { client: 'a', no: 1 })
  await ship.put(Seat, { client: 'a', no: 1, taken: true })
  await ship.remove(Seat, { client: 'a', no: 1 }, { by: 'ttl' })
  await ship.remove(Seat, { client: 'a', no: 1 })
  await ship.put(Seat, { client: 'a', no: 2 })
  await ship.remove(Seat, { client: 'a', no: 2 })
  expect(seen).toEqual([
    ['a|1', undefined, false],
    ['a|1', false, true],
    ['expired', 1],
    ['a|2', undefined, false],
    ['removed', 2],
  ])
})

test('an item without its whole key is refused at once', async () => {
  const ship = harness(() => reactor('r').on('saved', saved, () => {}))
  // @ts-expect-error what a caller without types could pass
  await expect(ship.put(Seat, { client: 'a' })).rejects.toMatchObject({
    code: 'key',
    message: expect.stringContaining("'no' of seat"),
  })
})

test('an event that is published twice under one id has one effect where it is claimed', async () => {
  const seen: string[] = []
  const ship = harness(() =>
    reactor('r').on('bill', paid, (e) => void seen.push(e.payload.client), { effect: 'claim' }),
  )
  await ship.publish(paid, { client: 'a' }, { id: '1' })
  await ship.publish(paid, { client: 'a' }, { id: '1' })
  await ship.publish(paid, { client: 'a' }, { id: '2' })
  expect(seen).toEqual(['a', 'a'])
})

test('what a handler publishes arrives, and what that causes, before the write returns', async () => {
  const seen: string[] = []
  const step = (n: number) =>
    event(`step.${n}`, { schema: z.object({ client: z.string() }), key: (e) => e.client })
  const [one, two, three] = [step(1), step(2), step(3)]
  const ship = harness(() =>
    reactor('r')
      .on('start', Seat.created('seat.made'), (e, { publish }) => publish(one, { client: e.after.client }))
      .on('one', one, (e, { publish }) => publish(two, e.payload))
      .on('two', two, (e, { publish }) => publish(three, e.payload))
      .on('three', three, (e) => void seen.push(e.payload.client)),
  )
  await ship.put(Seat, { client: 'a', no: 1 })
  expect(seen).toEqual(['a'])
})

test('one schema, two kinds in a table: each route sees its own', async () => {
  const shared = { table: 'all', key: { partition: 'pk', sort: 'sk' } } as const
  const schema = (type: string) => z.object({ pk: z.string(), sk: z.string(), type: z.literal(type) })
  const A = entity('a', { ...shared, when: { type: 'a' }, schema: schema('a') })
  const B = entity('b', { ...shared, when: { type: 'b' }, schema: schema('b') })
  const seen: string[] = []
  const ship = harness(() =>
    reactor('r')
      .on('a', A.saved('a.saved'), (e) => void seen.push(`a ${e.key}`))
      .on('b', [B.saved('b.saved'), B.removed('b.removed')], (e) => void seen.push(`${e.name} ${e.key}`)),
  )
  await ship.put(A, { pk: '1', sk: 'x', type: 'a' })
  await ship.put(B, { pk: '1', sk: 'y', type: 'b' })
  await ship.remove(B, { pk: '1', sk: 'y' })
  expect([seen, ship.deadLetters]).toEqual([['a 1|x', 'b.saved 1|y', 'b.removed 1|y'], []])
})

test('an old shape is lifted before it is parsed; an upgrade that throws is a dead letter', async () => {
  const User = entity('user', {
    table: 'users',
    key: 'id',
    schema: z.object({ id: z.string(), name: z.string() }),
    upgrade: (raw) => {
      if (raw.broken === true) throw new Error('with a secret')
      return { name: `${raw.first} ${raw.last}`, ...raw }
    },
  })
  const seen: string[] = []
  const ship = harness(() =>
    reactor('r').on('see', User.saved('user.saved'), (e) => void seen.push(e.after.name)),
  )
  const record = (image: object) => ({
    eventName: 'INSERT',
    tableName: 'users',
    dynamodb: { ApproximateCreationDateTime: 1_796_000_000_000, Keys: { id: { S: 'a' } }, NewImage: image },
  })
  await ship.deliver(record({ id: { S: 'a' }, first: { S: 'Ada' }, last: { S: 'Byron' } }))
  await ship.deliver(record({ id: { S: 'a' }, broken: { BOOL: true } }))
  expect(seen).toEqual(['Ada Byron'])
  expect(ship.deadLetters.map(({ detail }) => detail)).toEqual(["'after' of user: its upgrade threw"])
})

test("an entity's own version counts; a removal comes after the last; without a number it is a dead letter", async () => {
  const Doc = entity('doc', {
    table: 'docs',
    key: 'id',
    version: 'rev',
    schema: z.object({ id: z.string(), rev: z.any() }),
  })
  const seen: number[] = []
  const ship = harness(() =>
    reactor('r').on(
      'see',
      [Doc.saved('doc.saved'), Doc.removed('doc.removed')],
      (e) => void seen.push(e.version.max),
    ),
  )
  await ship.put(Doc, { id: 'a', rev: 7 })
  await ship.remove(Doc, 'a')
  await ship.put(Doc, { id: 'b', rev: 'x' })
  expect(seen).toEqual([7, 8])
  expect(ship.deadLetters).toMatchObject([{ detail: expect.stringContaining("'rev' of doc") }])
})
