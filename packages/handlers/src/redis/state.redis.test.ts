import {
  stateStoreCases,
  stateStoreExpiryCases,
  stateStoreListCases,
  stateStoreListOutageCases,
  stateStoreOutageCases,
} from '@spaceship/core/conformance'
import type { StateStore } from '@spaceship/core/ports'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../../scripts/redis-server.ts'
import { type RedisCommand, redisState } from './index.ts'

let server: RedisServer
let ioredis: Redis
let nodeRedis: ReturnType<typeof createClient>

beforeAll(async () => {
  server = await startRedis()
  ioredis = new Redis(server.port, '127.0.0.1')
  nodeRedis = createClient({ url: `redis://127.0.0.1:${server.port}` })
  await Promise.all([ioredis.ping(), nodeRedis.connect()])
})

afterAll(async () => {
  ioredis.disconnect()
  await nodeRedis.close()
  await server.stop()
})

const clients: Readonly<Record<string, RedisCommand>> = {
  ioredis: (command, ...rest) => ioredis.call(command, ...rest),
  'node-redis': (...args) => nodeRedis.sendCommand(args),
}

for (const [client, command] of Object.entries(clients)) {
  describe(`redisState through ${client}`, () => {
    const store = redisState({ command })
    for (const { name, run } of [...stateStoreCases, ...stateStoreListCases]) test(name, () => run(store))
    for (const { name, run } of stateStoreExpiryCases) {
      test.concurrent(name, () =>
        run({
          store,
          now: Date.now,
          // The server's own clock must pass: there is nothing to inject.
          advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        }),
      )
    }
    test('its check asks for everything, and leaves nothing behind', async () => {
      const prefix = `${crypto.randomUUID()}:`
      await redisState({ command, prefix }).check?.()
      expect((await ioredis.keys('*')).filter((key) => key.startsWith(prefix))).toEqual([])
    })
  })
}

describe('redisState while Redis is out', () => {
  const store = redisState({ command: () => Promise.reject(new Error('connect ECONNREFUSED')) })
  for (const { name, run } of [...stateStoreOutageCases, ...stateStoreListOutageCases])
    test(name, () => run(store))
})

const command: RedisCommand = (...args) => ioredis.call(...args)

test('scripts that the server has forgotten, as after a failover, are sent again', async () => {
  const store = redisState({ command })
  const key = `${crypto.randomUUID()}//a`
  const forget = () => ioredis.script('FLUSH')
  await forget()
  const first = await store.set(key, { n: 1 }, { expect: undefined })
  await forget()
  expect(await store.get(key)).toEqual({ value: { n: 1 }, version: Object(first).version })
  await forget()
  expect((await store.list?.(key))?.items).toHaveLength(1)
  await forget()
  expect(await store.delete(key, Object(first).version)).toBe(true)
})

test('a failover loses a claim that was answered: the next owner takes it, and every later write of the first is refused', async () => {
  const promoted = await startRedis()
  const other = new Redis(promoted.port, '127.0.0.1')
  let primary = ioredis
  const store = redisState({ command: (...args) => primary.call(...args) })
  const key = crypto.randomUUID()
  const first = await store.set(key, { owner: 'first' }, { expect: undefined })
  const version = Object(first).version
  // A replica that the claim had not reached becomes the primary.
  primary = other
  expect(await store.set(key, { owner: 'first', done: true }, { expect: version })).toEqual({
    ok: false,
    current: undefined,
  })
  const second = await store.set(key, { owner: 'second' }, { expect: undefined })
  const held = { value: { owner: 'second' }, version: Object(second).version }
  expect(second.ok).toBe(true)
  expect(await store.set(key, { owner: 'first', done: true }, { expect: version })).toEqual({
    ok: false,
    current: held,
  })
  expect(await store.delete(key, version)).toBe(false)
  expect(await store.get(key)).toEqual(held)
  other.disconnect()
  await promoted.stop()
})

test('a write that a client sends twice is done once, and says so', async () => {
  const twice: RedisCommand = async (...args) => {
    await ioredis.call(...args).catch(() => {})
    return ioredis.call(...args)
  }
  const store = redisState({ command: twice })
  const key = crypto.randomUUID()
  const first = await store.set(key, { n: 1 }, { expect: undefined })
  expect(first.ok).toBe(true)
  expect(await store.set(key, { n: 2 }, { expect: Object(first).version })).toMatchObject({ ok: true })
  expect((await store.get(key))?.value).toEqual({ n: 2 })
})

test('members of a collection whose items have expired leave its index when it is listed', async () => {
  const store = redisState({ command, prefix: 'lazy:' })
  await store.set('a//stays', {}, { expect: undefined })
  await store.set('a//goes', {}, { expect: undefined, expiresAt: new Date(0) })
  expect(await ioredis.zcard('lazy:index:{a}')).toBe(2)
  expect((await store.list?.('a//'))?.items.map(({ key }) => key)).toEqual(['a//stays'])
  expect(await ioredis.zcard('lazy:index:{a}')).toBe(1)
})

test('an item that has outlived its time, as one restored without its expiry, is absent for every method', async () => {
  const store = redisState({ command, prefix: 'restored:' })
  const written = await store.set(
    'a//b',
    { n: 1 },
    { expect: undefined, expiresAt: new Date(Date.now() + 60_000) },
  )
  await ioredis.hset('restored:item:{a}b', 'expiresAt', '1')
  await ioredis.persist('restored:item:{a}b')
  const version = Object(written).version
  expect(await store.get('a//b')).toBeUndefined()
  expect(await store.delete('a//b', version)).toBe(false)
  expect(await store.set('a//b', {}, { expect: version })).toEqual({ ok: false, current: undefined })
  expect((await store.list?.('a//'))?.items).toEqual([])
  expect((await store.set('a//b', { n: 2 }, { expect: undefined })).ok).toBe(true)
  expect((await store.list?.('a//'))?.items).toHaveLength(1)
})

test('braces in a collection keep its items and its index in one slot', async () => {
  const store = redisState({ command, prefix: 'braces:' })
  for (const key of ['a{b}c//{d}', '}//x', '{}//x', 'a%7b//x'])
    await store.set(key, {}, { expect: undefined })
  const keys = (await ioredis.keys('*')).filter((key) => key.startsWith('braces:'))
  const slots = new Set(await Promise.all(keys.map((key) => tagOf(key))))
  expect([keys.length, slots.size]).toEqual([8, 4])
})

/** What Redis takes for the hash tag of a key. */
function tagOf(key: string): string | undefined {
  return /\{([^}]+)\}/.exec(key)?.[1]
}

test('a Redis that evicts what it was told is refused as the process starts, with what to do', async () => {
  const store = redisState({ command })
  await ioredis.config('SET', 'maxmemory-policy', 'volatile-lru')
  try {
    await expect(store.check?.()).rejects.toMatchObject({
      code: 'unavailable',
      setup: { advice: expect.stringContaining("'maxmemory-policy' to noeviction") },
    })
  } finally {
    await ioredis.config('SET', 'maxmemory-policy', 'noeviction')
  }
})

test("a user that may not write is told as a set-up, and somebody else's key as Permanent", async () => {
  await ioredis.call(
    'ACL',
    'SETUSER',
    'reader',
    'on',
    '>pass',
    '~*',
    '+@read',
    '+@connection',
    '+@scripting',
    '+time',
  )
  const reader = new Redis({
    port: server.port,
    username: 'reader',
    password: 'pass',
    enableReadyCheck: false,
  })
  const store = redisState({ command: (...args) => reader.call(...args), prefix: 'acl:' })
  const denied = { code: 'unavailable', setup: { reason: 'denied' } }
  await expect(store.set('a', {}, { expect: undefined })).rejects.toMatchObject(denied)
  await ioredis.set('acl:state:b', 'a text')
  await expect(store.get('b')).rejects.toMatchObject({ code: 'permanent' })
  reader.disconnect()
})

for (const [client, command] of Object.entries(clients))
  for (const ahead of [-300_000, 300_000])
    test(`through ${client}, a clock that is ${ahead} ms ahead takes no live item for expired, and is known from each method's answer`, async () => {
      const [live, over] = [crypto.randomUUID(), crypto.randomUUID()]
      const inTime = (ms: number) => ({ expect: undefined, expiresAt: new Date(Date.now() + ms) })
      const right = redisState({ command })
      const written = await right.set(live, {}, inTime(60_000))
      await right.set(over, {}, inTime(-60_000))
      const version = Object(written).version
      const methods: ((store: StateStore) => Promise<unknown>)[] = [
        (store) => store.get(live),
        (store) => store.set(live, {}, { expect: undefined }),
        (store) => store.set(over, {}, inTime(-60_000)),
        (store) => store.delete(live, version),
        (store) => store.delete(live, version),
      ]
      const answers: unknown[] = []
      for (const method of methods) {
        const wrong = redisState({ command, now: () => Date.now() + ahead })
        expect(wrong.clockOffset?.()).toBe(0)
        answers.push(await method(wrong))
        // The round trip is far below a minute.
        expect(Math.abs(Number(wrong.clockOffset?.()) + ahead)).toBeLessThan(60_000)
      }
      const item = { version, value: {} }
      expect(answers).toMatchObject([item, { ok: false, current: item }, { ok: true }, true, false])
    })
