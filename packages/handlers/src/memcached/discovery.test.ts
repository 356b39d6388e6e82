/** The nodes of an ElastiCache cluster, as its configuration endpoint tells them: against servers that speak its real answers. */

import { virtualClock } from '@spaceship/core/memory'
import type { Clock } from '@spaceship/core/ports'
import { afterEach, expect, test, vi } from 'vitest'
import { type FakeMemcached, fakeMemcached } from '../../test/fake-memcached.ts'
import { clusterIn } from './discovery.ts'
import { type MemcachedReferencesOptions, memcachedReferences } from './index.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** As ElastiCache answers it. */
function configured(version: number, nodes: readonly string[]): string {
  const data = `${version}\n${nodes.join(' ')}\n`
  return `CONFIG cluster 0 ${data.length}\r\n${data}\r\nEND\r\n`
}

async function fake(...args: Parameters<typeof fakeMemcached>): Promise<FakeMemcached> {
  const server = await fakeMemcached(...args)
  open.push(() => server.close())
  return server
}

/** A node that has one value under every key. */
function node(
  value: string,
  place?: { readonly host: string; readonly port: number },
): Promise<FakeMemcached> {
  return fake((line) => {
    const key = line.split(' ')[1] ?? ''
    const data = `@${key}\n${value}`
    return `VALUE ${key} 0 ${data.length}\r\n${data}\r\nEND\r\n`
  }, place)
}

function references(
  options: Omit<MemcachedReferencesOptions, 'clock'> & { readonly clock: Pick<Clock, 'monotonic'> },
) {
  const made = memcachedReferences({ ...options, clock: { ...virtualClock(), ...options.clock } })
  open.push(() => made.close())
  return made
}

/** A cluster of one node, whose endpoint answers what stands in `answer`. */
async function cluster() {
  const state = { answer: '' as string | undefined, moment: 0 }
  const endpoint = await fake(() => state.answer)
  const store = references({
    discovery: endpoint.address,
    timeout: 500,
    clock: { monotonic: () => state.moment },
  })
  return { state, endpoint, store }
}

/** By address, under one name: as when a node is replaced. */
const at = ({ port }: FakeMemcached, name = 'nodes.0001.test', ip = '127.0.0.1') => `${name}|${ip}|${port}`

test('the endpoint is asked at the first call, by all that wait for it together', async () => {
  const { state, endpoint, store } = await cluster()
  state.answer = configured(1, [at(await node('one'))])
  expect(endpoint.requests).toEqual([])
  expect(await Promise.all([store.get('a'), store.get('b'), store.check()])).toEqual([
    'one',
    'one',
    undefined,
  ])
  expect(endpoint.requests).toEqual(['config get cluster'])
})

test('once a minute a call has it asked again, and a new version replaces the nodes', async () => {
  const { state, endpoint, store } = await cluster()
  state.answer = configured(1, [at(await node('old'))])
  expect(await store.get('a')).toBe('old')
  state.answer = configured(2, [at(await node('new'), 'nodes.0002.test')])
  state.moment = 59_999
  expect(await store.get('a')).toBe('old')
  expect(endpoint.requests.length).toBe(1)
  state.moment = 60_000
  await store.get('a')
  await vi.waitFor(async () => expect(await store.get('a')).toBe('new'), { timeout: 10_000 })
  expect(endpoint.requests.length).toBe(2)
})

test('the same version changes nothing, and a lower one is another cluster under the same name', async () => {
  const { state, endpoint, store } = await cluster()
  const first = await node('first')
  state.answer = configured(7, [at(first)])
  expect(await store.get('a')).toBe('first')
  state.answer = configured(7, [at(await node('never'))])
  state.moment += 60_000
  await store.get('a')
  await vi.waitFor(() => expect(endpoint.requests.length).toBe(2), { timeout: 10_000 })
  expect(await store.get('a')).toBe('first')
  state.answer = configured(1, [at(await node('other'))])
  state.moment += 60_000
  await store.get('a')
  await vi.waitFor(async () => expect(await store.get('a')).toBe('other'), { timeout: 10_000 })
})

test('a node that is replaced under the same name is found after the first failure, and keeps its keys', async () => {
  const { state, endpoint, store } = await cluster()
  const stays = await node('stays')
  const dies = await fake(() => undefined)
  // Another machine with another address, as on AWS.
  const heir = await node('heir', { host: '127.0.0.2', port: dies.port })
  const [one, two] = ['nodes.0001.test', 'nodes.0002.test']
  state.answer = configured(3, [at(stays, one), at(dies, two)])
  const keys = Array.from({ length: 20 }, (_, n) => `k${n}`)
  const before = await Promise.allSettled(keys.map((key) => store.get(key)))
  const lost = keys.filter((_, n) => before[n]?.status === 'rejected')
  expect(lost.length).toBeGreaterThan(0)
  expect(lost.length).toBeLessThan(keys.length)
  expect(endpoint.requests.length).toBe(1)
  state.answer = configured(4, [at(stays, one), at(heir, two, '127.0.0.2')])
  state.moment += 1_000
  await expect(store.get(lost[0] ?? '')).rejects.toMatchObject({ code: 'unavailable' })
  await vi.waitFor(async () => expect(await store.get(lost[0] ?? '')).toBe('heir'), { timeout: 10_000 })
  expect(endpoint.requests.length).toBe(2)
  for (const key of keys) if (!lost.includes(key)) expect(await store.get(key)).toBe('stays')
})

test('many failures within a second ask once, and while the endpoint is out the nodes that are known stay', async () => {
  const { state, endpoint, store } = await cluster()
  let value: string | undefined = 'there'
  const flaky = await fake((line) => {
    const key = line.split(' ')[1] ?? ''
    return value && `VALUE ${key} 0 ${key.length + 2 + value.length}\r\n@${key}\n${value}\r\nEND\r\n`
  })
  state.answer = configured(1, [at(flaky)])
  expect(await store.get('a')).toBe('there')
  value = undefined
  state.answer = undefined
  state.moment += 1_000
  for (let n = 0; n < 5; n += 1) await expect(store.get('a')).rejects.toMatchObject({ code: 'unavailable' })
  await vi.waitFor(() => expect(endpoint.requests.length).toBe(2), { timeout: 10_000 })
  value = 'back'
  expect(await store.get('a')).toBe('back')
  expect(endpoint.requests.length).toBe(2)
})

test('an endpoint that is silent, closes, or answers no cluster is an outage; the next call asks again', async () => {
  const { state, store } = await cluster()
  const wrong = [
    '',
    undefined,
    configured(1, []),
    configured(1, ['a|b']),
    'CONFIG cluster 0 3\r\nx\ny\r\nEND\r\n',
    'STORED\r\n',
  ]
  for (const answer of wrong) {
    state.answer = answer
    for (const call of [store.get('a'), store.add('a', 'x', 1_000), store.check()])
      await expect(call).rejects.toMatchObject({ code: 'unavailable', setup: undefined })
  }
  state.answer = configured(1, [at(await node('one'))])
  expect(await store.get('a')).toBe('one')
})

test('a server that belongs to no cluster is told as a set-up', async () => {
  const { state, endpoint, store } = await cluster()
  for (const answer of ['ERROR\r\n', 'END\r\n']) {
    state.answer = answer
    await expect(store.check()).rejects.toMatchObject({
      setup: {
        reason: 'unknown-operation',
        resource: `Memcached at ${endpoint.address}`,
        advice: expect.stringContaining("list the nodes in 'nodes'"),
      },
    })
  }
})

test('a store is closed while the endpoint is silent: the call settles, and nothing stays', async () => {
  const { store } = await cluster()
  const asked = expect(store.get('a')).rejects.toMatchObject({ code: 'unavailable' })
  await store.close()
  await asked
})

test('a node is connected to by the address that is told, or by its name if there is none', () => {
  const text = '12\nnodes.0001.test|10.0.0.1|11211 nodes.0002.test||11212\n'
  expect(clusterIn(text)).toEqual({
    version: '12',
    addresses: [
      { name: 'nodes.0001.test:11211', host: 'nodes.0001.test', at: '10.0.0.1', port: 11_211 },
      { name: 'nodes.0002.test:11212', host: 'nodes.0002.test', at: 'nodes.0002.test', port: 11_212 },
    ],
  })
})
