/** Owns what a process must do while others make, change and remove the indices that it works on. */

import type { Client } from '@opensearch-project/opensearch'
import type { Context, EventMeta, Handler, Tick } from '@spaceship/core'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { createSearch, type Search, type SearchClient, searchIndex } from '../src/opensearch/index.ts'

// Safe: these handlers use the key, the version and the time of an event, and of the context the signal alone.
const event = (key: string) => ({ key, version: { min: 1, max: 1 }, at: new Date(0) }) as unknown as EventMeta
// Safe: as above.
const context = { signal: new AbortController().signal } as Context
const run = async (handle: Handler<EventMeta>, key: string) => handle(event(key), context)

const writes = (search: Search, index: string) => [
  search.index({ index, id: (e) => e.key, document: () => ({ n: 1 }) }),
  search.remove({ index, id: (e) => e.key }),
]

/** @param connected a client of a server without an index */
export function placeSuite(connected: () => Client): void {
  const indices = async () => Object.keys((await connected().indices.getAlias({ index: '*' })).body).sort()

  test('an index of somebody that is missing is a set-up, at the start and for each write, and is not made', async () => {
    const search = createSearch({ client: connected(), create: false })
    const setup = { reason: 'not-found', advice: expect.stringContaining("create the index 'mine'") }
    for (const write of writes(search, 'mine')) {
      await expect(run(write, 'a')).rejects.toMatchObject({ code: 'unavailable', setup })
      await expect(write.check?.()).rejects.toMatchObject({ setup })
    }
    expect(await indices()).toEqual([])
    await connected().indices.create({ index: 'mine' })
    for (const write of writes(search, 'mine')) {
      await write.check?.()
      expect(await run(write, 'a')).toBeUndefined()
    }
  })

  test('with `create` the first write makes it', async () => {
    const search = createSearch({ client: connected(), create: true })
    for (const write of writes(search, 'mine')) expect(await run(write, 'a')).toBeUndefined()
    expect(await indices()).toEqual(['mine'])
  })

  test('an alias of two indices is a set-up, also where it becomes that later', async () => {
    const client = connected()
    for (const index of ['one', 'two']) await client.indices.create({ index })
    const add = (index: string) =>
      client.indices.updateAliases({ body: { actions: [{ add: { index, alias: 'both' } }] } })
    await add('one')
    const search = createSearch({ client, create: true })
    const [index] = writes(search, 'both')
    if (index === undefined) return expect.fail('there is a handler that writes')
    expect(await run(index, 'a')).toBeUndefined()
    await add('two')
    const setup = { reason: 'unknown-operation', advice: expect.stringContaining('an alias of several') }
    await expect(run(index, 'b')).rejects.toMatchObject({ code: 'unavailable', setup })
    for (const write of writes(createSearch({ client }), 'both'))
      await expect(run(write, 'c')).rejects.toMatchObject({ code: 'unavailable', setup })
    await client.indices.refresh({ index: '_all' })
    expect((await client.count({ index: 'both' })).body.count).toBe(1)
  })

  test('a version that is removed while it is purged does not come back', async () => {
    const client = connected()
    const index = searchIndex('clients', z.object({ n: z.number() }))
    const make = createSearch({ client, create: true })
    await run(make.remove(index), 'a')
    await client.indices.refresh({ index: '_all' })
    const purged: string[] = []
    // The version goes between the search and the removal.
    const request: SearchClient['transport']['request'] = (asked, options) => {
      const isRemoval = asked.path.endsWith('/_bulk')
      const before = isRemoval
        ? client.indices.delete({ index: `clients-v${index.hash}` })
        : Promise.resolve()
      if (isRemoval) purged.push(asked.path)
      const answer = Promise.resolve(before).then(() => client.transport.request(asked, options))
      return Object.assign(answer, { abort: () => {} })
    }
    const purge = createSearch({ client: { transport: { request } } }).purge(index, { after: '8d' })
    // Safe: it uses the end of a tick alone.
    const tick = { to: new Date() } as Tick
    expect(await purge(tick, context)).toMatchObject({ reason: expect.any(String) })
    expect(purged.length).toBe(1)
    expect(await indices()).toEqual([])
  })

  test('the version that is searched is not removed, also where it becomes that at this moment', async () => {
    const client = connected()
    const index = searchIndex('clients', z.object({ n: z.number() }))
    const search = createSearch({ client, create: true })
    const keeper = search.keeper(index)
    const [old, young] = [index.hash, `${index.hash}-2`]
    await run(search.remove(index), 'a')
    await keeper.make(young)
    const searched = {
      code: 'index-searched',
      message: expect.stringContaining('show another version first'),
    }
    await expect(keeper.remove(old)).rejects.toMatchObject(searched)
    await keeper.show(young)
    // Somebody shows the old one between the look and the removal.
    let shown = 0
    const racing = interrupted(client, async ({ body }) => {
      if (!JSON.stringify(body ?? {}).includes('remove_index')) return
      shown += 1
      await keeper.show(old)
    })
    await expect(createSearch({ client: racing }).keeper(index).remove(old)).rejects.toMatchObject(searched)
    expect(shown).toBe(1)
    const versions = [
      { version: old, live: true, writable: true },
      { version: young, live: false, writable: true },
    ]
    expect(await keeper.list()).toMatchObject(versions)
    await keeper.remove(young)
    await keeper.remove(young)
    expect(await keeper.list()).toMatchObject(versions.slice(0, 1))
    expect(await search.count(index, { match_all: {} })).toEqual({ total: 0 })
  })
}

/** A client before each of whose requests something else happens. */
function interrupted(
  client: Client,
  happens: (asked: Parameters<SearchClient['transport']['request']>[0]) => Promise<void>,
): SearchClient {
  const request: SearchClient['transport']['request'] = (asked, options) =>
    Object.assign(
      happens(asked).then(() => client.transport.request(asked, options)),
      { abort: () => {} },
    )
  return { transport: { request } }
}
