import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { entity, event, reactor, reminder } from '../index.ts'
import { memoryEntities, memoryState } from '../memory/index.ts'
import { harness } from '../testing/index.ts'
import { encodePublished, exact, exactJson } from './index.ts'

const circle: Record<string, unknown> = {}
circle.self = circle

/** What JSON does not carry, and the words for it. */
const REFUSED: Readonly<Record<string, readonly [value: unknown, is: string]>> = {
  'a Set': [new Set(['a']), 'a Set'],
  'a Map': [new Map([['a', 1]]), 'a Map'],
  bytes: [new Uint8Array([1]), 'binary'],
  'a buffer': [new ArrayBuffer(1), 'binary'],
  'a Date': [new Date(0), 'a Date'],
  'a bigint': [2n ** 60n, 'a bigint'],
  NaN: [Number.NaN, 'NaN'],
  infinity: [Number.NEGATIVE_INFINITY, '-Infinity'],
  'undefined in a list': [[1, undefined], 'undefined'],
  // biome-ignore lint/suspicious/noSparseArray: that is what is refused
  'a hole in a list': [[1, , 2], 'undefined'],
  'a function': [() => 1, 'a function'],
  'a symbol': [Symbol('s'), 'a symbol'],
  'an object of a class': [new URL('https://example.test'), 'an object of a class'],
  'an object with toJSON': [{ toJSON: () => 1 }, 'an object with a toJSON of its own'],
  'a field named by a symbol': [{ a: 1, [Symbol('s')]: 1 }, 'a field named by a symbol'],
  'a field of a list': [Object.assign([1], { more: 2 }), 'a list with a field beside its items'],
  'a list that says what it is in JSON': [Object.assign([1], { toJSON: () => 1 }), 'an object of a class'],
  'an object of JavaScript itself': [Math, "an object of JavaScript's own"],
  'an object that inherits its fields': [
    Object.create(Object.assign(Object.create(null), { a: 1 })),
    'an object of a class',
  ],
  'a circle': [circle, 'levels'],
}

test.each(Object.entries(REFUSED))('%s is refused with its path, and never shown', (_, [value, is]) => {
  const refused = () => exact({ 'a b': [{ v: value }] }, 'the payload')
  expect(refused).toThrow(expect.objectContaining({ code: 'permanent' }))
  expect(refused).toThrow(/^the payload: 'a b\[0\]\.\*/)
  expect(refused).toThrow(is)
})

test('property: what is not refused comes back out of JSON as the copy has it', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    withUnicodeString: true,
  } as fc.ObjectConstraints)
  const kept = fc.record({ value: fc.oneof(anything, fc.jsonValue()) })
  fc.assert(
    fc.property(kept, (value) => {
      let copy: unknown
      try {
        copy = exact(value, 'it')
      } catch (error) {
        expect(error).toMatchObject({ code: 'permanent' })
        return
      }
      expect(JSON.parse(JSON.stringify(copy))).toEqual(copy)
      // An undefined field is left out, -0 is 0, a prototype of null is one of Object: toEqual minds none of these but the second.
      expect(JSON.parse(exactJson(value, 'it'))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
    { numRuns: 500 },
  )
})

test('what JSON carries is a copy: undefined fields are left out, a lone surrogate and `__proto__` stay', () => {
  const given = JSON.parse('{"__proto__":{"a":1},"text":"\\ud800","list":[null,{"deep":true}]}')
  const copy = exact({ ...given, note: undefined, zero: -0 }, 'it')
  expect(copy).toEqual({ ...given, zero: 0 })
  expect(Object.keys(Object(copy))).not.toContain('note')
  expect(Object(copy).list).not.toBe(given.list)
  expect(JSON.parse(exactJson(given, 'it'))).toEqual(given)
})

test('what stands for an object is told by the caller, within what stands for another, too', () => {
  const replace = (value: object) => (value instanceof Set ? [...value] : undefined)
  expect(exact({ a: new Set([new Set([1n])]) }, 'it', { replace, bigints: true })).toEqual({ a: [[1n]] })
  expect(() => exact({ a: new Set([new Map()]) }, 'it', { replace })).toThrow(/'a\[0\]' is a Map/)
})

test('a path shows the first level, places in lists, and further down what is declared', () => {
  const wrong = { hush: [new Set()] }
  expect(() => exact(wrong, 'it')).toThrow("'hush[0]' is")
  expect(() => exact({ prices: wrong }, 'it')).toThrow("'prices.*[0]' is")
  expect(() => exact({ prices: wrong }, 'it', { names: () => new Set(['hush']) })).toThrow(
    "'prices.hush[0]' is",
  )
})

test('a published event shows the names that its schema declares, and refuses an integer that would be written otherwise', async () => {
  const told = event('told', {
    schema: z.looseObject({ seats: z.any(), list: z.array(z.any()).optional() }),
    key: () => 'a',
  })
  const put = (payload: { readonly seats: unknown; readonly [name: string]: unknown }) =>
    encodePublished(told, payload as never, { id: '1', source: 's', time: new Date(0) })
  await expect(put({ seats: new Set() })).rejects.toThrow("'data.seats' is a Set")
  await expect(put({ seats: 1, 'hush-4711': new Set() })).rejects.toThrow("'data.*' is a Set")
  await expect(put({ seats: 1, list: [{ zoe: new Set() }] })).rejects.toThrow("'data.list[0].*' is a Set")
  for (const integer of [2 ** 60, -(2 ** 63), 2 ** 53 * 1_003])
    await expect(put({ seats: integer })).rejects.toThrow(
      /'data.seats' is an integer that JavaScript writes with/,
    )
  for (const written of [2 ** 53, -5, 1e20, 1e21, 1e23, 1.5e300, 0.1]) {
    const { data } = await put({ seats: written })
    expect(JSON.parse(Buffer.from(data).toString()).data).toEqual({ seats: written })
  }
})

describe('all that is kept or sent as JSON is exact', () => {
  const values = Object.entries(REFUSED)

  test.each(values)('state in memory refuses %s', async (_, [value]) => {
    const set = memoryState().set('k', { v: value } as never, { expect: undefined })
    await expect(set).rejects.toMatchObject({
      code: 'permanent',
      message: expect.stringMatching(/'(v|self)/),
    })
  })

  test.each(values)('a published event refuses %s', async (_, [value]) => {
    const told = event('told', { schema: z.looseObject({ id: z.string() }), key: (e) => e.id })
    const put = encodePublished(told, { id: 'a', v: value }, { id: '1', source: 's', time: new Date(0) })
    await expect(put).rejects.toMatchObject({ code: 'permanent', message: expect.stringContaining('data.') })
  })

  test.each(values)(
    'a reminder refuses %s as it is scheduled, in the harness as on every store',
    async (_, [value]) => {
      const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string() }) })
      const nag = reminder('nag', { payload: z.looseObject({ id: z.string() }), key: (p) => p.id })
      const fired: unknown[] = []
      const ship = harness(({ reminders }) =>
        reactor('r')
          .on(
            'plan',
            Client.created('client.created'),
            reminders.schedule(nag, {
              in: '3d',
              payload: (e): { id: string } => ({ ...e.after, ...{ v: value } }),
            }),
          )
          .on('nag', nag, (e) => void fired.push(e.payload)),
      )
      await ship.put(Client, { id: 'a' })
      await ship.advance('4d')
      expect(fired).toEqual([])
      expect(ship.deadLetters).toMatchObject([
        { reason: 'permanent', detail: expect.stringMatching(/'(v|self)/) },
      ])
    },
  )
})

test('rows in memory are those of DynamoDB: numbers as they are wanted, and nothing that it does not hold', async () => {
  const rows = memoryEntities()
  const row = {
    id: 'a',
    n: 5,
    big: 2n ** 60n,
    tags: new Set(['x']),
    raw: new Uint8Array([1]),
    none: undefined,
  }
  rows.put('t', { id: 'a' }, row)
  const { none, ...held } = row
  expect(await rows.read('t', { id: 'a' }, 'lossless')).toEqual({ ...held, n: 5n })
  await expect(rows.read('t', { id: 'a' })).rejects.toMatchObject({ code: 'attributes' })
  expect(() => rows.put('t', { id: 'b' }, { id: 'b', list: [1, undefined] })).toThrow(/'list\[1\]'/)
  expect(() => rows.put('t', { id: 'b' }, { id: 'b', at: new Date(0) })).toThrow(/'at'/)
})

describe('CloudEvents with data_base64', () => {
  const strict = event('order.placed', { schema: z.object({ id: z.string() }), key: (p) => p.id })
  const loose = event('scan.taken', { schema: z.unknown(), key: () => 'scan' })
  const about = { specversion: '1.0', source: '/shop', id: '1' }
  const base64 = (text: string) => Buffer.from(text).toString('base64')

  async function received(more: object): Promise<{ seen: readonly unknown[]; letters: readonly unknown[] }> {
    const seen: unknown[] = []
    const ship = harness(() =>
      reactor('r')
        .on('s', strict, (e) => void seen.push(e.payload))
        .on('l', loose, (e) => void seen.push(e.payload)),
    )
    await ship.deliver({ ...about, ...more })
    return { seen, letters: ship.deadLetters.map(({ detail }) => detail) }
  }

  test.each([
    'application/json',
    'text/json',
    'application/cloudevents+json; charset=utf-8',
    'Application/JSON',
  ])('of %s is parsed', async (datacontenttype) => {
    const data_base64 = base64('{"id":"o-1"}')
    const { seen } = await received({ type: 'order.placed', datacontenttype, data_base64 })
    expect(seen).toEqual([{ id: 'o-1' }])
  })

  test.each([
    { datacontenttype: 'application/octet-stream' },
    {},
    { datacontenttype: 'application/json-seq' },
  ])('of another type, or none, is bytes: %o', async (more) => {
    const { seen } = await received({ type: 'scan.taken', data_base64: 'AQID', ...more })
    expect(seen).toEqual([new Uint8Array([1, 2, 3])])
  })

  test.each([
    [{ data_base64: 'not base64!' }, "'data_base64' is no base64"],
    [{ data_base64: 7 }, "'data_base64' is no base64"],
    [{ data_base64: base64('{'), datacontenttype: 'application/json' }, "'data_base64' holds no JSON"],
    [{ data_base64: 'AQID', data: 1 }, "it has 'data' and 'data_base64'"],
  ])('is refused by name if it cannot be read: %o', async (more, why) => {
    const { seen, letters } = await received({ type: 'scan.taken', ...more })
    expect(seen).toEqual([])
    expect(letters).toEqual([expect.stringContaining(why)])
  })
})

describe('an integer of a published event that JavaScript would change', () => {
  const told = event('told', { schema: z.looseObject({}), key: () => 'a' })
  async function received(data: string) {
    const seen: unknown[] = []
    const ship = harness(() => reactor('r').on('l', told, (e) => void seen.push(e.payload)))
    const head = '{"specversion":"1.0","source":"/s","id":"1","type":"told","sequence":12345678901234567891'
    await ship.deliver(`${head},"datacontenttype":"application/json",${data}}`)
    return { seen, letters: ship.deadLetters.map(({ detail }) => detail) }
  }
  const base64 = (text: string) => `"data_base64":"${Buffer.from(text).toString('base64')}"`

  test.each([
    ['{"a b":[{"id":9007199254740993}]}', /'\w+\.a b\[0\]\.\*' is an integer of 16 digits/],
    ['{"id":1152921504606846976}', /id' is an integer of 19 digits/],
    ['{"id":-12345678901234567890123}', /id' is an integer of 23 digits/],
    ['{"id":1e400}', /id' is an integer of 401 digits/],
    ['{"id":1e99999999999999999999999999}', /id' is an integer of more than 1000000 digits/],
    ['{"id":9.007199254740993e15}', /id' is an integer of 16 digits/],
    ['{"id":90071992547409.93e2}', /id' is an integer of 16 digits/],
    ['{"id":0.9007199254740993E+16}', /id' is an integer of 16 digits/],
    ['{"id":9007199254740993.0}', /id' is an integer of 16 digits/],
    ['{"id":90071992547409930e-1}', /id' is an integer of 16 digits/],
    ['{"id":1152921504606846977e0}', /id' is an integer of 19 digits/],
    ['[9007199254740993]', /'\w+\[0\]' is an integer of 16 digits/],
    ['9007199254740993', /'\w+' is an integer of 16 digits/],
  ])('is refused with its path: %s', async (data, why) => {
    for (const given of [`"data":${data}`, base64(data)]) {
      const { seen, letters } = await received(given)
      expect(seen).toEqual([])
      expect(letters).toEqual([expect.stringMatching(why)])
    }
  })

  test('and no other: what is written back as it was, decimals, texts, what is not data', async () => {
    const data =
      '{"a":9007199254740992,"b":1000000000000000000000,"c":0.12345678901234567891,"d":"9007199254740993","e":-5,"f":1e22,"g":123456789012345678.5,"h":9007199254740992.0,"i":1.5e300,"j":1e-400}'
    for (const given of [`"data":${data}`, base64(data)]) {
      const { seen, letters } = await received(given)
      expect([seen, letters]).toEqual([[JSON.parse(data)], []])
    }
  })

  test('in JSON that is nested deeper than the stack goes, costs no process', async () => {
    const deep = `${'['.repeat(200_000)}9007199254740993${']'.repeat(200_000)}`
    expect((await received(`"data":{"deep":${deep}}`)).letters.length).toBeLessThan(2)
  })
})

describe('`lossless`', () => {
  const Counter = entity('counter', {
    table: 'counters',
    key: 'id',
    numbers: 'lossless',
    version: 'n',
    when: { kind: 1 },
    // A mark may be written as the number that it is.
    schema: z.object({ id: z.string(), kind: z.union([z.number(), z.bigint()]), n: z.bigint() }),
  })

  test('has one type for integers: z.bigint() fits each of them; versions and marks are found among them', async () => {
    const seen: unknown[] = []
    const ship = harness(() =>
      reactor('r').on(
        'see',
        Counter.saved('counter.saved'),
        (e) => void seen.push([e.after.n, e.version.max]),
      ),
    )
    for (const n of [5n, 2n ** 52n]) await ship.put(Counter, { id: String(n), kind: 1n, n })
    await ship.put(Counter, { id: 'other', kind: 2n, n: 1n })
    expect(ship.deadLetters).toEqual([])
    expect(seen).toEqual([
      [5n, 5],
      [2n ** 52n, 2 ** 52],
    ])
    await ship.put(Counter, { id: 'far', kind: 1n, n: 2n ** 60n + 1n })
    expect(ship.deadLetters).toMatchObject([
      { reason: 'schema', detail: expect.stringContaining("'n' of counter") },
    ])
  })
})
