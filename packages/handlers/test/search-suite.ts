/** Owns what a search must do for our handlers, to be run for the adapter and for its double. */

import type { Context, EventMeta, Handler } from '@spaceship/core'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type Query, type Search, searchIndex } from '../src/opensearch/index.ts'

type Doc = EventMeta & { readonly document: object }
// Safe: these handlers use the key and the version of an event, and nothing but the signal of the context.
const at = (id: string, version: number, document: object = {}) =>
  ({ key: id, version: { min: version, max: version }, document, at: new Date(0) }) as unknown as Doc
// Safe: as above.
const context = { signal: new AbortController().signal } as Context
const run = async (handle: Handler<Doc>, event: Doc) => handle(event, context)
const id = (event: Doc) => event.key
const document = (event: Doc) => event.document

/** @param start makes a search without an index */
export function searchSuite(start: () => Promise<Search>): void {
  async function filled(index: string, documents: Readonly<Record<string, object>>): Promise<Search> {
    const search = await start()
    for (const [key, content] of Object.entries(documents))
      await run(search.index({ index, id, document }), at(key, 1, content))
    return search
  }

  test('a newer version stands, an older one is skipped, the same one is written again', async () => {
    const search = await filled('clients', {})
    const index = search.index({ index: 'clients', id, document })
    const remove = search.remove({ index: 'clients', id })
    expect(await run(index, at('a', 5, { name: 'Acme' }))).toBeUndefined()
    expect(await run(index, at('a', 4, { name: 'Old' }))).toMatchObject({ reason: expect.any(String) })
    expect(await run(index, at('a', 5, { name: 'Acme again' }))).toBeUndefined()
    expect(await run(remove, at('a', 4))).toMatchObject({ reason: expect.any(String) })
    expect((await search.query<{ name: string }>('clients', { match_all: {} })).hits).toMatchObject([
      { id: 'a', document: { name: 'Acme again' } },
    ])
    expect(await run(remove, at('a', 7))).toBeUndefined()
    expect(await run(index, at('a', 6, { name: 'Late' }))).toMatchObject({ reason: expect.any(String) })
    expect(await run(remove, at('never', 1))).toBeUndefined()
    expect(await search.count('clients', { match_all: {} })).toEqual({ total: 0 })
  })

  test('an index that Spaceship keeps: what was removed is not found, keeps older writes out, and is purged in time', async () => {
    const search = await start()
    const Client = z.object({ name: z.string(), plan: z.enum(['trial', 'paid']) })
    const index = searchIndex('clients', Client)
    const write = search.index({ index, id, document: (e: Doc) => e.document as z.infer<typeof Client> })
    const remove = search.remove(index)
    const acme = { name: 'Acme Rockets', plan: 'trial' }
    await Promise.all(['a', 'b', 'c'].map((key) => run(write, at(key, 5, acme))))
    expect(await run(remove, at('a', 7))).toBeUndefined()
    expect(await run(write, at('a', 6, acme))).toMatchObject({ reason: expect.any(String) })
    expect(await run(remove, at('never', 3))).toBeUndefined()
    expect(await run(write, at('never', 2, acme))).toMatchObject({ reason: expect.any(String) })
    const { total, hits } = await search.query(index, { match: { name: 'rockets' } })
    expect([total, hits.map((hit) => hit.id).sort()]).toEqual([2, ['b', 'c']])
    expect(hits[0]?.document.plan).toBe('trial')
    expect(await search.count(index, { match_all: {} })).toEqual({ total: 2 })
    // Written again, it is as any other.
    await run(remove, at('b', 8))
    await run(write, at('b', 9, acme))
    const purge = search.purge(index, { after: '2h' })
    const purgeAt = async (to: number) => purge({ to: new Date(to) } as never, context)
    expect(await purgeAt(7_199_000)).toMatchObject({ reason: expect.any(String) })
    expect(await run(write, at('a', 6, acme))).toMatchObject({ reason: expect.any(String) })
    expect(await purgeAt(7_201_000)).toBeUndefined()
    expect(await purgeAt(7_201_000)).toMatchObject({ reason: expect.any(String) })
    expect(await search.count(index, { match_all: {} })).toEqual({ total: 2 })
  })

  test('JSON is what comes back: sets are lists, bytes are base64', async () => {
    const search = await filled('clients', {
      a: { tags: new Set(['x', 'y']), raw: new Uint8Array([1]), gone: undefined },
    })
    const { hits } = await search.query('clients', { match_all: {} })
    expect(hits).toMatchObject([{ id: 'a', document: { tags: ['x', 'y'], raw: 'AQ==' } }])
  })

  test('what JSON does not have is found by the mapping that follows from its schema', async () => {
    const search = await start()
    const Told = z.object({
      at: z.date(),
      tags: z.set(z.string()),
      cents: z.bigint(),
      raw: z.instanceof(Uint8Array),
    })
    const index = searchIndex('told', Told)
    const write = search.index({ index, id, document: (e: Doc) => e.document as z.infer<typeof Told> })
    const one = { tags: new Set(['x', 'y']), cents: 2n ** 60n, raw: new Uint8Array([1, 2]) }
    await run(write, at('a', 1, { ...one, at: new Date('2026-11-20T10:30:00Z') }))
    await run(write, at('b', 1, { ...one, at: new Date('2026-11-21T10:30:00Z'), cents: 5n }))
    const found = async (query: Query) => (await search.query(index, query)).hits.map((hit) => hit.id)
    expect(await found({ range: { at: { lte: '2026-11-20' } } })).toEqual(['a'])
    expect(await found({ range: { cents: { gt: 10 } } })).toEqual(['a'])
    expect((await found({ term: { tags: 'y' } })).sort()).toEqual(['a', 'b'])
    expect((await search.query(index, { ids: { values: ['b'] } })).hits[0]?.document).toMatchObject({
      raw: 'AQI=',
      tags: ['x', 'y'],
    })
  })

  test.each([
    ['an empty id', '', 1],
    ['an id of 513 bytes', 'é'.repeat(257), 1],
    ['an id with half of a surrogate pair', 'a\ud800', 1],
    ['a version below 0', 'a', -1],
    ['a version that is no whole number', 'a', 1.5],
  ])('%s is refused for good', async (_, key, version) => {
    const search = await start()
    const index = search.index({ index: 'clients', id, document })
    await expect(run(index, at(key, version))).rejects.toMatchObject({ code: 'permanent' })
  })

  test.each([
    ...['Clients', 'É', 'a b', 'a,b', '*', 'a*', 'a/b', 'a#b', 'a:b', '.', '..', '-a', '+a'],
    ...['ä'.repeat(128)],
  ])('no index is made of the name %j: what is written under it is refused for good', async (index) => {
    const search = await start()
    for (const write of [search.index({ index, id, document }), search.remove({ index, id })])
      await expect(run(write, at('a', 1, { n: 1 }))).rejects.toMatchObject({
        code: 'permanent',
        message: expect.stringContaining('invalid_index_name_exception'),
      })
    expect(await search.count('*', { match_all: {} })).toEqual({ total: 0 })
  })

  test('nor of one that begins with an underscore; the longest name that there may be is fine', async () => {
    const search = await start()
    // The embedded spaceship takes it for an operation that it does not know.
    const code = expect.stringMatching(/permanent|unavailable/)
    await expect(
      run(search.index({ index: '_a', id, document }), at('a', 1, { n: 1 })),
    ).rejects.toMatchObject({ code })
    for (const index of ['ä'.repeat(127), 'a+b_-'])
      expect(await run(search.index({ index, id, document }), at('a', 1, { n: 1 }))).toBeUndefined()
  })

  test('no version is made of a name that no index may have', async () => {
    const search = await start()
    const keeper = search.keeper(searchIndex('clients', z.object({ n: z.number() })))
    await expect(keeper.make('A')).rejects.toMatchObject({ code: 'permanent' })
    expect(await keeper.list()).toEqual([])
  })

  test.each([
    ...['_id', '_index', '_source', '_routing', '_version', '_seq_no', '_field_names', '_ignored'],
    ...['_nested_path', '_id.x'],
  ])(
    "a document with the field '%s' is refused for good, and one that has it deeper is not",
    async (field) => {
      const search = await start()
      const kept = searchIndex('kept', z.object({}).loose())
      for (const index of ['clients', kept]) {
        const write = search.index({ index, id, document })
        await expect(run(write, at('a', 1, { [field]: 'x' }))).rejects.toMatchObject({
          code: 'permanent',
          message: expect.stringContaining('mapper_parsing_exception'),
        })
        expect(await run(write, at('a', 1, { deep: { [field]: 'x' } }))).toBeUndefined()
        expect(await search.count(index, { match_all: {} })).toEqual({ total: 1 })
      }
    },
  )

  test('an index that is missing is refused, a pattern that matches none is not', async () => {
    const search = await filled('logs-2026-11', { a: { n: 1 } })
    for (const asked of [
      () => search.query('nowhere', { match_all: {} }),
      () => search.count('logs-2026-11,nowhere', { match_all: {} }),
    ])
      await expect(asked()).rejects.toMatchObject({ code: 'unavailable' })
    expect(await search.count('logs-*', { match_all: {} })).toEqual({ total: 1 })
    expect(await search.count('l*s-*1,logs-2026-11', { match_all: {} })).toEqual({ total: 1 })
    expect(await search.count('nowhere-*', { match_all: {} })).toEqual({ total: 0 })
  })

  test('a query that is not known is refused, also where there is nothing to find', async () => {
    const search = await filled('clients', { a: { n: 1 } })
    for (const query of [
      { no_such_query: {} },
      { range: { n: { above: 1 } } },
      {},
      { match_all: {}, match_none: {} },
    ]) {
      await expect(search.count('clients', query)).rejects.toMatchObject({
        code: expect.stringMatching(/permanent|query/),
      })
      await expect(search.query('nothing-*', query)).rejects.toThrow()
    }
  })

  const clients = {
    acme: {
      name: 'Acme Rockets',
      plan: 'trial',
      seats: 250,
      paid: false,
      since: '2026-11-20T10:30:00Z',
      tags: ['big', 'new'],
      at: { city: 'Zürich' },
    },
    zoe: {
      name: "Zoë's rockets & more",
      plan: 'paid',
      seats: 3,
      paid: true,
      since: '2026-11-28',
      tags: [],
      at: { city: 'Bern' },
    },
    kite: { name: 'Kite 東京', plan: 'trial', seats: 40.5, paid: true, since: '2025-01-01T00:00:00+02:00' },
  }
  test.each<[Query, string[]]>([
    [{ match_all: {} }, ['acme', 'zoe', 'kite']],
    [{ match_none: {} }, []],
    [{ match: { name: 'rockets ACME' } }, ['acme', 'zoe']],
    [{ match: { name: { query: 'rockets acme', operator: 'and' } } }, ['acme']],
    [{ match: { name: "zoë's" } }, ['zoe']],
    [{ match: { name: '京' } }, ['kite']],
    [{ match: { name: '' } }, []],
    [{ match: { nothing: 'acme' } }, []],
    [{ match: { seats: '3' } }, ['zoe']],
    [{ term: { plan: 'trial' } }, ['acme', 'kite']],
    [{ term: { name: 'Acme' } }, []],
    [{ term: { 'name.keyword': { value: 'Acme Rockets' } } }, ['acme']],
    [{ term: { paid: true } }, ['zoe', 'kite']],
    [{ term: { paid: 'false' } }, ['acme']],
    [{ term: { since: '2026-11-20' } }, ['acme']],
    [{ term: { tags: 'new' } }, ['acme']],
    [{ terms: { seats: [3, 250] } }, ['acme', 'zoe']],
    [{ terms: { 'at.city.keyword': ['Bern', 'Genf'] } }, ['zoe']],
    [{ match: { 'at.city': 'zürich' } }, ['acme']],
    [{ range: { seats: { gte: 3, lt: 250 } } }, ['zoe', 'kite']],
    [{ range: { seats: { gt: 3 } } }, ['acme', 'kite']],
    [{ range: { seats: { lte: 40.5 } } }, ['zoe', 'kite']],
    [{ range: { since: { gte: '2026-11-20T10:30:00Z' } } }, ['acme', 'zoe']],
    [{ range: { since: { gt: '2026-11-20' } } }, ['zoe']],
    [{ range: { since: { lte: '2026-11-20' } } }, ['acme', 'kite']],
    [{ range: { since: { lt: '2025-01-01T00:00:00Z' } } }, ['kite']],
    [{ range: { since: { lt: 'now+9000d', gte: 1_763_000_000_000 } } }, ['acme', 'zoe']],
    [{ range: { 'plan.keyword': { lt: 'q' } } }, ['zoe']],
    [{ range: { nothing: { gte: 1 } } }, []],
    [{ exists: { field: 'tags' } }, ['acme']],
    [{ exists: { field: 'at' } }, ['acme', 'zoe']],
    [{ ids: { values: ['kite', 'nobody'] } }, ['kite']],
    [{ bool: { must: { match: { name: 'rockets' } }, must_not: [{ term: { paid: true } }] } }, ['acme']],
    [{ bool: { should: [{ term: { seats: 3 } }, { term: { seats: 250 } }] } }, ['acme', 'zoe']],
    [{ bool: { filter: [{ term: { plan: 'trial' } }], should: [{ term: { seats: 3 } }] } }, ['acme', 'kite']],
    [
      {
        bool: {
          should: [{ term: { paid: true } }, { range: { seats: { lt: 10 } } }],
          minimum_should_match: 2,
        },
      },
      ['zoe'],
    ],
    [{ bool: {} }, ['acme', 'zoe', 'kite']],
  ])('%j', async (query, expected) => {
    const search = await filled('clients', clients)
    const { total, hits } = await search.query('clients', query)
    expect(hits.map((hit) => hit.id).sort()).toEqual([...expected].sort())
    expect([total, await search.count('clients', query)]).toEqual([
      expected.length,
      { total: expected.length },
    ])
  })

  test('no more hits than asked for, and all of them counted', async () => {
    const search = await filled(
      'many',
      Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`${n}`, { n }])),
    )
    expect(await search.query('many', { match_all: {} })).toMatchObject({ total: 12, hits: { length: 10 } })
    expect(await search.query('many', { match_all: {} }, { size: 2 })).toMatchObject({
      total: 12,
      hits: { length: 2 },
    })
    expect((await search.query('many', { match_all: {} }, { size: 0 })).hits).toEqual([])
  })

  test('an aborted search throws the reason', async () => {
    const search = await filled('clients', { a: { n: 1 } })
    const reason = new Error('enough')
    await expect(
      search.count('clients', { match_all: {} }, { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason)
  })
}
