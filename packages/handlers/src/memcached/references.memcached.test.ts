import { once } from 'node:events'
import { connect } from 'node:net'
import { inspect } from 'node:util'
import { referenceStoreCases, referenceStoreOutageCases } from '@spaceship/core/conformance'
import { systemClock } from '@spaceship/core/ports'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../../../scripts/free-port.ts'
import { type MemcachedServer, startMemcached } from '../../test/memcached-server.ts'
import { type MemcachedReferences, memcachedReferences } from './index.ts'

let servers: readonly MemcachedServer[] = []
let one: MemcachedReferences
let three: MemcachedReferences

beforeAll(async () => {
  servers = await Promise.all([1, 2, 3].map(() => startMemcached()))
  const nodes = servers.map(({ address }) => address)
  one = memcachedReferences({ nodes: nodes.slice(0, 1) })
  three = memcachedReferences({ nodes })
})

afterAll(async () => {
  await Promise.all([one.close(), three.close()])
  await Promise.all(servers.map((server) => server.stop()))
})

const stores = { 'one node': () => one, 'three nodes': () => three }

for (const [name, store] of Object.entries(stores)) {
  describe(`memcachedReferences on ${name}`, () => {
    for (const { name, run } of referenceStoreCases)
      test(name, () =>
        run({
          store: store(),
          resolution: 1_000,
          // The server's own clock must pass: there is nothing to inject.
          advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        }),
      )
    test('its check', () => store().check())
  })
}

describe('memcachedReferences while Memcached is out', () => {
  for (const { name, run } of referenceStoreOutageCases)
    test(name, async () => {
      await using store = memcachedReferences({ nodes: [`127.0.0.1:${await freePort()}`] })
      await run(store)
    })
})

test('the ends of what a time to live may be are taken: none, 30 days, and decades', async () => {
  const lives = [
    0,
    0.5,
    30 * 86_400_000,
    30 * 86_400_000 + 1,
    100 * 365 * 86_400_000,
    Number.MAX_SAFE_INTEGER,
  ]
  for (const ttl of lives) {
    const key = crypto.randomUUID()
    expect(await one.add(key, 'x', ttl)).toBe(true)
    if (ttl >= 1_000) expect(await one.get(key)).toBe('x')
  }
})

test('a date of expiry is told by the clock that is given', async () => {
  const clock = { ...systemClock, now: () => Date.now() - 40 * 86_400_000 }
  await using late = memcachedReferences({ nodes: servers.slice(0, 1).map(({ address }) => address), clock })
  await late.set('late', 'x', 31 * 86_400_000)
  expect(await one.get('late')).toBeUndefined()
})

test('a value that is too large is refused before it is sent, and the old one stays', async () => {
  for (const size of [1_048_576, 1_048_100]) {
    await one.set('large', 'old', 60_000)
    const value = 'x'.repeat(size)
    for (const call of [() => one.set('large', value, 60_000), () => one.add('large', value, 60_000)])
      await expect(call()).rejects.toMatchObject({
        code: 'permanent',
        message: expect.stringMatching(/has \d+ bytes: expected at most \d+/),
      })
    expect(await one.get('large')).toBe('old')
  }
})

test.each([1, 250, 1_024])(
  'the largest value that is not refused is stored, under a key of %s bytes',
  async (length) => {
    const key = 'k'.repeat(length)
    const told = String(await one.set(key, 'x'.repeat(2_000_000), 60_000).catch((error: unknown) => error))
    const most = Number(/at most (\d+)/.exec(told)?.[1])
    await one.set(key, 'x'.repeat(most), 60_000)
    expect((await one.get(key))?.length).toBe(most)
  },
)

test('keys of 250 bytes beside each other, and of blanks and newlines, are kept apart', async () => {
  const keys = [
    'é'.repeat(126),
    `${'é'.repeat(126)}\n`,
    'a b',
    'a\r\nget b',
    '~',
    '~~',
    'k'.repeat(241),
    'k'.repeat(240),
  ]
  keys.push('k'.repeat(239), '', ' ')
  for (const [n, key] of keys.entries()) await three.set(key, String(n), 60_000)
  for (const [n, key] of keys.entries()) expect(await three.get(key)).toBe(String(n))
})

test('two prefixes share a server', async () => {
  const nodes = servers.slice(0, 1).map(({ address }) => address)
  await using foreign = memcachedReferences({ nodes, prefix: 'other:' })
  await foreign.set('k', 'theirs', 60_000)
  await one.set('k', 'ours', 60_000)
  expect([await foreign.get('k'), await one.get('k')]).toEqual(['theirs', 'ours'])
})

test('what somebody else has stored under our key is told as such, and shown to nobody', async () => {
  const client = connect(servers[0]?.port ?? 0, '127.0.0.1')
  client.write('set spaceship:theirs 0 0 4\r\nhush\r\n')
  expect(String(await once(client, 'data'))).toBe('STORED\r\n')
  client.destroy()
  const error = await one.get('theirs').catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'permanent', message: expect.stringContaining("another 'prefix'") })
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('hush')
  expect(await one.get('absent')).toBeUndefined()
})
