import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { referenceStoreCases, referenceStoreOutageCases } from '@spaceship/core/conformance'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../../../scripts/free-port.ts'
import { type RedisCommand, redisReferences } from './references.ts'

let server: ChildProcess
let ioredis: Redis
let nodeRedis: ReturnType<typeof createClient>

beforeAll(async () => {
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  server = spawn('redis-server', args, { stdio: 'ignore' })
  ioredis = new Redis({ port, host: '127.0.0.1' })
  nodeRedis = createClient({ url: `redis://127.0.0.1:${port}` })
  // Both clients connect again until the server listens; that is not an error here.
  ioredis.on('error', () => {})
  nodeRedis.on('error', () => {})
  await Promise.all([ioredis.ping(), nodeRedis.connect()])
})

afterAll(async () => {
  ioredis.disconnect()
  await nodeRedis.close()
  server.kill()
  await once(server, 'exit')
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
