import { referenceStoreCases, stateStoreCases, stateStoreListCases } from '@spaceship/core/conformance'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCluster } from '../../test/redis-server.ts'
import { type RedisCommand, redisReferences, redisState } from './index.ts'

let servers: Awaited<ReturnType<typeof startCluster>>
let cluster: Cluster

beforeAll(async () => {
  servers = await startCluster()
  cluster = new Cluster(servers.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
})

afterAll(async () => {
  cluster.disconnect()
  await servers.stop()
})

const command: RedisCommand = (...args) => cluster.call(...args)

describe('redisState on a cluster of three nodes', () => {
  const store = redisState({ command })
  for (const { name, run } of [...stateStoreCases, ...stateStoreListCases]) test(name, () => run(store))
  test('its check', () => store.check?.())
})

describe('redisReferences on a cluster of three nodes', () => {
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

test('a client of one node is told that it needs the whole cluster', async () => {
  const one = new Redis(servers.nodes[0]?.port ?? 0, '127.0.0.1')
  const store = redisState({ command: (...args) => one.call(...args) })
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const outcomes = await Promise.allSettled(keys.map((key) => store.get(key)))
  expect(
    outcomes.filter(({ status }) => status === 'rejected').map((outcome) => Object(outcome).reason),
  ).toContainEqual(
    expect.objectContaining({ setup: expect.objectContaining({ reason: 'unknown-operation' }) }),
  )
  one.disconnect()
})
