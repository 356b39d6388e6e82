import { timelineCases, timelineOutageCases } from '@spaceship/core/conformance'
import { stateTimeline } from '@spaceship/core/embedded'
import { Cluster, Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../../scripts/redis-server.ts'
import { startCluster } from '../../test/redis-server.ts'
import { type RedisCommand, redisState, redisTimeline } from './index.ts'

let server: RedisServer
let servers: Awaited<ReturnType<typeof startCluster>>
let ioredis: Redis
let cluster: Cluster
let nodeRedis: ReturnType<typeof createClient>

beforeAll(async () => {
  const started = await Promise.all([startRedis(), startCluster()])
  server = started[0]
  servers = started[1]
  ioredis = new Redis(server.port, '127.0.0.1')
  cluster = new Cluster(servers.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
  nodeRedis = createClient({ url: `redis://127.0.0.1:${server.port}` })
  await Promise.all([ioredis.ping(), nodeRedis.connect()])
})

afterAll(async () => {
  ioredis.disconnect()
  cluster.disconnect()
  await nodeRedis.close()
  await Promise.all([server.stop(), servers.stop()])
})

const command: RedisCommand = (...args) => ioredis.call(...args)
const clients: Readonly<Record<string, RedisCommand>> = {
  ioredis: command,
  'node-redis': (...args) => nodeRedis.sendCommand(args),
  'a cluster': (...args) => cluster.call(...args),
}

for (const [client, command] of Object.entries(clients)) {
  describe(`redisTimeline through ${client}`, () => {
    for (const { name, run } of timelineCases)
      test(name, () =>
        run({
          timeline: redisTimeline({ application: crypto.randomUUID(), command }),
          now: Date.now,
          many: 20_000,
        }),
      )
    test('its check', () => redisTimeline({ application: 'app', command }).check?.())
  })

  describe(`stateTimeline on redisState through ${client}`, () => {
    for (const { name, run } of timelineCases)
      test(name, () => {
        const state = redisState({ command })
        const timeline = stateTimeline({ application: crypto.randomUUID(), state })
        return run({ timeline, now: Date.now, many: 500 })
      })
  })
}

test('applications that share a Redis have a timeline each', async () => {
  const [orders, billing] = ['orders', 'billing'].map((application) =>
    redisTimeline({ application, command }),
  )
  const execution = { name: 'x', dueAt: new Date(0), envelope: '{}', partitionKey: 'p' }
  await orders?.add(execution)
  expect(await billing?.claim(Date.now(), 10, 1_000)).toEqual([])
  const due = (await orders?.claim(Date.now(), 10, 1_000)) ?? []
  expect(due.map((each) => each.execution)).toEqual([execution])
  await orders?.done(due)
})

describe('redisTimeline while Redis is out', () => {
  const timeline = redisTimeline({
    application: 'app',
    command: () => Promise.reject(new Error('connect ECONNREFUSED')),
  })
  for (const { name, run } of timelineOutageCases) test(name, () => run(timeline))
})

test('scripts that the server has forgotten, as after a failover, are sent again', async () => {
  const timeline = redisTimeline({ application: 'forgotten', command })
  const now = Date.now()
  const execution = { name: 'x', dueAt: new Date(now), envelope: '{}', partitionKey: 'p' }
  const forget = () => ioredis.script('FLUSH')
  await forget()
  await timeline.add(execution)
  await forget()
  const due = await timeline.claim(now, 10, 1_000)
  expect(due.map((each) => each.execution)).toEqual([execution])
  await forget()
  await timeline.done(due)
  await forget()
  expect(await timeline.next()).toBeUndefined()
  expect((await ioredis.keys('*')).filter((key) => key.includes('forgotten/'))).toEqual([])
})

test.each(['allkeys-lru', 'volatile-ttl'])(
  'a Redis that evicts by %s is refused as the process starts',
  async (policy) => {
    await ioredis.config('SET', 'maxmemory-policy', policy)
    try {
      await expect(redisTimeline({ application: 'app', command }).check?.()).rejects.toMatchObject({
        code: 'unavailable',
        setup: { advice: expect.stringContaining("'maxmemory-policy' to noeviction") },
        message: expect.stringContaining(`is '${policy}'`),
      })
    } finally {
      await ioredis.config('SET', 'maxmemory-policy', 'noeviction')
    }
  },
)
