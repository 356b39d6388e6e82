import { referenceStoreCases, referenceStoreOutageCases } from '@spaceship/core/conformance'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../../scripts/redis-server.ts'
import { type RedisCommand, redisReferences } from './index.ts'

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
  describe(`redisReferences through ${client}`, () => {
    for (const { name, run } of referenceStoreCases) {
      test(name, () =>
        run({
          store: redisReferences({ command }),
          // The server's own clock must pass: there is nothing to inject.
          advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        }),
      )
    }
  })
}

describe('redisReferences while Redis is out', () => {
  for (const { name, run } of referenceStoreOutageCases)
    test(name, () =>
      run(redisReferences({ command: () => Promise.reject(new Error('connect ECONNREFUSED')) })),
    )
})

test('keys have their prefix', async () => {
  await redisReferences({ command: clients.ioredis as RedisCommand, prefix: 'mine:' }).set('k', 'v', 60_000)
  expect(await ioredis.get('mine:k')).toBe('v')
})
