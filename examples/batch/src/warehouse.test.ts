import { harness } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import { loading, Parcel, type Row, type Warehouse } from './warehouse.ts'

const told = (rows: readonly Row[]) => rows.map(({ id }) => id).join(' ')

function depot() {
  const loaded = new Map<string, Row>()
  const requests = { insert: [] as string[], copy: [] as string[] }
  const warehouse: Warehouse = {
    insert: async (rows) => {
      requests.insert.push(told(rows))
      const isFirst = requests.insert.length === 1
      return rows.map(({ id, grams }) => (grams < 0 ? 'wrong' : id === 'late' && isFirst ? 'busy' : 'loaded'))
    },
    copy: async (rows) => {
      requests.copy.push(told(rows))
      if (rows.some(({ grams }) => grams < 0)) throw new Error('numeric value out of range')
      for (const row of rows) loaded.set(row.scan, row)
    },
  }
  const ship = harness(() => loading({ warehouse }))
  const scan = async (...ids: string[]) => {
    for (const id of ids) await ship.put(Parcel, { id, depot: 'BER', grams: id === 'poison' ? -1 : 100 })
  }
  return { loaded, requests, ship, scan }
}

test('rows that come within the time of a batch are loaded together', async () => {
  const { requests, ship, scan } = depot()
  await scan('a', 'b', 'c')
  expect(requests).toEqual({ insert: [], copy: [] })
  await ship.advance('200ms')
  expect(requests).toEqual({ insert: ['a b c'], copy: ['a b c'] })
})

test('answers by index: the wrong row is a dead letter at once, and only the busy one comes again', async () => {
  const { requests, ship, scan } = depot()
  await scan('a', 'poison', 'late')
  await ship.advance('1m')
  expect(requests.insert).toEqual(['a poison late', 'late'])
  ship.expect('loading/insert', { key: 'poison', runs: 1, deadLetters: 1 })
  ship.expect('loading/insert', { done: 2, deadLetters: 1 })
})

test('a throw: halves find the poisoned row, the others load, and it alone uses up its attempts', async () => {
  const { loaded, requests, ship, scan } = depot()
  await scan('a', 'b', 'poison', 'd')
  await ship.advance('1m')
  expect(requests.copy.slice(0, 5)).toEqual(['a b poison d', 'a b', 'poison d', 'poison', 'd'])
  expect(requests.copy.slice(5)).toEqual(['poison', 'poison']) // its second and third attempt
  expect(told([...loaded.values()])).toBe('a b d')
  ship.expect('loading/copy', { done: 3, deadLetters: 1 })
})

test('a batch that a dying process had loaded is loaded again, and its rows are there once', async () => {
  const { loaded, requests, ship, scan } = depot()
  await scan('a', 'b')
  ship.crash('effect')
  await ship.advance('1m')
  expect(requests.copy).toEqual(['a b', 'a b'])
  expect(told([...loaded.values()])).toBe('a b')
})
