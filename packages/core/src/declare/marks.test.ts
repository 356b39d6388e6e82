import { expect, test } from 'vitest'
import * as z from 'zod'
import { entity, reactor, startsWith } from '../index.ts'
import { harness } from '../testing/index.ts'

const shared = { table: 'shop', key: { partition: 'pk', sort: 'sk' } } as const
const keys = { pk: z.string(), sk: z.string() }
const Anything = entity('anything', { ...shared, schema: z.looseObject(keys) })
const Order = entity('order', {
  ...shared,
  when: { sk: startsWith('ORDER#') },
  schema: z.object({ ...keys, cents: z.number() }),
})
const Large = entity('large', {
  ...shared,
  when: { sk: startsWith('ORDER#'), cents: (cents) => Number(cents) >= 1_000 },
  schema: z.object({ ...keys, cents: z.number() }),
})
const Line = entity('line', {
  ...shared,
  when: (row) => String(row.sk).split('#').length === 3,
  schema: z.object({ ...keys, no: z.number() }),
})

/** What each route got, and what became a dead letter. */
async function seen(rows: readonly { pk: string; sk: string; [name: string]: unknown }[]) {
  const got: string[] = []
  const ship = harness(() =>
    reactor('shop')
      .on('order', Order.saved('order.saved'), (e) => got.push(`order ${e.after.cents}`))
      .on('large', Large.saved('large.saved'), (e) => got.push(`large ${e.after.cents}`))
      .on('line', Line.saved('line.saved'), (e) => got.push(`line ${e.after.no}`)),
  )
  for (const row of rows) await ship.put(Anything, row)
  return { got, letters: ship.deadLetters.map(({ route, detail }) => `${route} ${detail}`) }
}

test('rows are told apart by how a key begins, by a function of an attribute, and by one of the row', async () => {
  const { got, letters } = await seen([
    { pk: 'c', sk: 'ORDER#1', cents: 5 },
    { pk: 'c', sk: 'ORDER#2', cents: 5_000 },
    { pk: 'c', sk: 'LINE#2#1', no: 7 },
    { pk: 'c', sk: 'PROFILE', name: 'Ann' },
    { pk: 'c', sk: 'order#3' },
  ])
  expect(got).toEqual(['order 5', 'order 5000', 'large 5000', 'line 7'])
  expect(letters).toEqual([])
})

test('a row of the kind that its schema refuses is a dead letter, and one of another kind is none', async () => {
  const { got, letters } = await seen([{ pk: 'c', sk: 'ORDER#1', cents: 'many' }])
  expect(got).toEqual([])
  expect(letters.length).toBe(1)
  expect(letters[0]).toMatch(/^order .*at cents/)
})

test('explain says which mark a row lacks', async () => {
  const ship = harness(() =>
    reactor('shop')
      .on('order', Order.saved('order.saved'), () => {})
      .on('line', Line.saved('line.saved'), () => {}),
  )
  await ship.put(Anything, { pk: 'c', sk: 'PROFILE' })
  const why = Object.fromEntries(ship.explain().map(({ route, why }) => [route, why]))
  expect(why).toEqual({
    'shop/order': "order.saved: 'sk' is 'PROFILE', that of order begins with 'ORDER#'",
    'shop/line': "line.saved: the row is no line: expected one for which its 'when' answers true",
  })
})

test('a function of a user that throws, or answers later, leaves the row to its schema', async () => {
  const got: string[] = []
  const schema = z.object({ ...keys, cents: z.number() })
  const odd = (name: string, when: () => boolean) => entity(name, { ...shared, when, schema })
  const Throwing = odd('throwing', () => {
    throw new Error('no')
  })
  // A caller without types may answer with anything.
  const later = async () => Promise.reject(new Error('later'))
  const Later = odd('later', later as unknown as () => boolean)
  const ship = harness(() =>
    reactor('r')
      .on('a', Throwing.saved('a'), (e) => got.push(`a ${e.after.cents}`))
      .on('b', Later.saved('b'), (e) => got.push(`b ${e.after.cents}`)),
  )
  await ship.put(Anything, { pk: 'c', sk: 's', cents: 3 })
  expect(got).toEqual(['a 3', 'b 3'])
})

test('a mark that makes no sense is refused', () => {
  expect(() => startsWith('')).toThrow(/'prefix' is empty/)
  // @ts-expect-error a text is no mark of a kind
  expect(() => entity('e', { ...shared, when: 'ORDER#', schema: z.object(keys) })).toThrow(/'when' is a text/)
  // @ts-expect-error the attribute holds a text
  entity('e', { ...shared, when: { pk: 5 }, schema: z.object(keys) })
})
