/** A connection whose server, network or role fails: every command settles, and none is sent twice. */

import dns from 'node:dns'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { inspect } from 'node:util'
import { referenceStoreCases, stateStoreCases, stateStoreListCases } from '@spaceship/core/conformance'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../../../scripts/free-port.ts'
import { type RedisServer, startRedis } from '../../../../scripts/redis-server.ts'
import { makeCertificate } from '../../test/certificate.ts'
import { startCluster } from '../../test/redis-server.ts'
import { startProxy } from '../../test/tcp-proxy.ts'
import { redisReferences, redisState } from '../redis/index.ts'
import { type IORedisConnection, type IORedisConnectionOptions, ioredisConnection } from './index.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of open.splice(0).reverse()) await close()
})

async function server(...args: Parameters<typeof startRedis>): Promise<RedisServer> {
  const started = await startRedis(...args)
  open.push(() => started.stop())
  return started
}

async function proxyTo(port: number) {
  const proxy = await startProxy(port)
  open.push(() => proxy.close())
  return proxy
}

function connection(options: IORedisConnectionOptions): IORedisConnection {
  const made = ioredisConnection(options)
  open.push(() => made.close())
  return made
}

const urlOf = (port: number) => `redis://127.0.0.1:${port}`

/** Once the client has a connection again: it says so itself. */
async function ready({ client }: IORedisConnection): Promise<void> {
  if (client.status !== 'ready') await new Promise<void>((resolve) => client.once('ready', resolve))
}

const outage = { code: 'unavailable', setup: undefined }

test('nothing connects before the first command, and that one waits for the connection', async () => {
  const { port } = await server()
  const proxy = await proxyTo(port)
  const redis = connection({ url: urlOf(proxy.port) })
  expect(proxy.connections).toBe(0)
  expect(await redis.command('SET', 'a', '1')).toBe('OK')
  expect(proxy.connections).toBe(1)
})

test('a server that is killed and started again is used again', async () => {
  const port = await freePort()
  const first = await startRedis([], port)
  const redis = connection({ url: urlOf(port) })
  const references = redisReferences(redis)
  await references.set('a', '1', 60_000)
  await first.stop('SIGKILL')
  await expect(references.get('a')).rejects.toMatchObject(outage)
  await server([], port)
  await ready(redis)
  expect(await references.get('a')).toBeUndefined()
  await references.set('a', '2', 60_000)
  expect(await references.get('a')).toBe('2')
})

test('an add that is cut before it arrives is an outage, and is not sent again', async () => {
  const { port } = await server()
  const proxy = await proxyTo(port)
  const redis = connection({ url: urlOf(proxy.port) })
  const references = redisReferences(redis)
  await references.get('a')
  const intercepted = proxy.intercept()
  const adding = expect(references.add('a', 'mine', 60_000)).rejects.toMatchObject(outage)
  ;(await intercepted).drop()
  await adding
  await ready(redis)
  expect(await references.get('a')).toBeUndefined()
})

test('an add whose answer is lost is an outage, never "exists": what it did is there to be read', async () => {
  const { port } = await server()
  const proxy = await proxyTo(port)
  const redis = connection({ url: urlOf(proxy.port) })
  const references = redisReferences(redis)
  await references.get('a')
  proxy.mute()
  const intercepted = proxy.intercept()
  const adding = expect(references.add('a', 'mine', 60_000)).rejects.toMatchObject(outage)
  const arrived = await intercepted
  arrived.pass()
  const observer = redisReferences(connection({ url: urlOf(port) }))
  await vi.waitFor(async () => expect(await observer.get('a')).toBe('mine'), { timeout: 10_000 })
  proxy.cut()
  await adding
  proxy.pass()
  await ready(redis)
  expect(await references.add('a', 'mine', 60_000)).toBe(false)
  expect(await references.get('a')).toBe('mine')
})

test('a server that is silent is an outage within the bound, and gets another connection', async () => {
  const { port } = await server()
  const proxy = await proxyTo(port)
  const redis = connection({ url: urlOf(proxy.port), timeout: 200 })
  await redis.command('PING')
  const again = new Promise((resolve) => redis.client.once('ready', resolve))
  proxy.mute()
  const commands = ['GET', 'GET', 'GET'].map((name) => redis.command(name, 'a'))
  for (const outcome of await Promise.allSettled(commands)) expect(outcome.status).toBe('rejected')
  proxy.pass()
  await again
  expect(await redis.command('PING')).toBe('PONG')
  expect(proxy.connections).toBeGreaterThan(1)
})

test('a primary that has become a replica is left, and its name is looked up anew', async () => {
  const port = await freePort()
  const old = await server(['--bind', '127.0.0.1'], port)
  await server(['--bind', '127.0.0.2', '--replicaof', '127.0.0.1', String(port)], port)
  let address = '127.0.0.1'
  const lookup = dns.lookup
  // Every form of the call has its callback last.
  vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...rest: never[]) => {
    const given = [host === 'redis.test' ? address : host, ...rest]
    return Reflect.apply(lookup, dns, given)
  }) as never)
  const redis = connection({ url: `redis://redis.test:${port}` })
  const references = redisReferences(redis)
  await references.set('a', 'before', 60_000)
  const [first, second] = ['127.0.0.1', '127.0.0.2'].map((host) =>
    connection({ url: `redis://${host}:${port}` }),
  )
  await second?.command('REPLICAOF', 'NO', 'ONE')
  await first?.command('REPLICAOF', '127.0.0.2', String(port))
  address = '127.0.0.2'
  await expect(references.set('a', 'lost', 60_000)).rejects.toMatchObject(outage)
  await references.set('a', 'after', 60_000)
  expect(await second?.command('GET', 'spaceship:a')).toBe('after')
  expect(old.port).toBe(port)
})

test('a wrong password is told as a set-up at the first command, and stands in no error', async () => {
  const { port } = await server(['--requirepass', 'right-secret'])
  const wrong = connection({ url: `redis://:wrong-secret@127.0.0.1:${port}` })
  const error = await redisReferences(wrong)
    .get('a')
    .catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'unavailable', setup: { reason: 'denied' } })
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('wrong-secret')
  const right = connection({ url: `redis://:right-secret@127.0.0.1:${port}` })
  expect(await right.command('PING')).toBe('PONG')
})

test('what a command was about stands in no error of its connection', async () => {
  const { port } = await server()
  const redis = connection({ url: urlOf(port) })
  await redis.command('LPUSH', 'list', 'x')
  const error = await redis.command('SET', 'k', 'hush', 'PX', 'soon').catch((reason: unknown) => reason)
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('hush')
})

test('a host that nobody knows is told as a set-up', async () => {
  vi.spyOn(dns, 'lookup').mockImplementation(((host: string, _: unknown, done: (error: Error) => void) => {
    done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }))
  }) as never)
  const references = redisReferences(connection({ url: 'redis://redis.test' }))
  await expect(references.get('a')).rejects.toMatchObject({ setup: { reason: 'unknown-operation' } })
})

test('a connection that its owner has closed answers no more, and connects no more', async () => {
  const { port } = await server()
  const proxy = await proxyTo(port)
  const redis = connection({ url: urlOf(proxy.port) })
  const answered = redis.command('PING')
  await answered
  const last = redis.command('ECHO', 'last')
  await redis.close()
  expect(await last).toBe('last')
  await expect(redisReferences(redis).get('a')).rejects.toMatchObject(outage)
  expect(proxy.connections).toBe(1)
})

describe('TLS', () => {
  async function certified() {
    const { key, cert, remove } = await makeCertificate()
    open.push(remove)
    const port = await freePort()
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert]
    await server(['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', ...files], port)
    return { port, ca: await readFile(cert) }
  }

  test('a rediss URL is by TLS, with the CA that it is told of', async () => {
    const { port, ca } = await certified()
    const redis = connection({ url: `rediss://127.0.0.1:${port}`, tls: { ca } })
    expect(await redis.command('PING')).toBe('PONG')
  })

  test('a server that shows a certificate of nobody is not talked to', async () => {
    const { port } = await certified()
    const references = redisReferences(connection({ url: `rediss://127.0.0.1:${port}` }))
    await expect(references.get('a')).rejects.toMatchObject({
      code: 'unavailable',
      setup: { reason: 'unknown-operation', advice: expect.stringContaining("'ca'") },
    })
  })
})

describe('a cluster', () => {
  test('an add that is cut in mid-request is an outage, and is not sent again', async () => {
    const [port, bus] = [await freePort(), await freePort()]
    const proxy = await proxyTo(port)
    const announced = ['--cluster-announce-ip', '127.0.0.1', '--cluster-announce-port', String(proxy.port)]
    const file = join(tmpdir(), `spaceship-${crypto.randomUUID()}.conf`)
    open.push(() => rm(file, { force: true }))
    const cluster = [
      '--cluster-enabled',
      'yes',
      '--cluster-config-file',
      basename(file),
      '--dir',
      dirname(file),
    ]
    await server([...cluster, '--cluster-port', String(bus), ...announced], port)
    const direct = connection({ url: urlOf(port) })
    await direct.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    // It takes writes 2 s after its start.
    const takes = async () => expect(await direct.command('CLUSTER', 'INFO')).toContain('cluster_state:ok')
    await vi.waitFor(takes, 10_000)
    const redis = connection({ nodes: [urlOf(proxy.port)] })
    const references = redisReferences(redis)
    await references.get('a')
    const intercepted = proxy.intercept()
    const adding = expect(references.add('a', 'mine', 60_000)).rejects.toMatchObject(outage)
    ;(await intercepted).drop()
    await adding
    await vi.waitFor(async () => expect(await references.get('b')).toBeUndefined(), { timeout: 10_000 })
    expect(await references.get('a')).toBeUndefined()
  })

  test('all of it down: a refusal within the bound', async () => {
    const urls = await Promise.all([1, 2].map(async () => urlOf(await freePort())))
    const references = redisReferences(connection({ nodes: urls, timeout: 300 }))
    for (const call of [references.get('a'), references.add('a', 'x', 1_000)])
      await expect(call).rejects.toMatchObject(outage)
  })

  test('the suites; then its nodes are killed, and what waits is refused', async () => {
    const { nodes, stop } = await startCluster()
    open.push(stop)
    const redis = connection({ nodes: nodes.map(({ port }) => urlOf(port)), timeout: 2_000 })
    const state = redisState(redis)
    for (const { run } of [...stateStoreCases, ...stateStoreListCases]) await run(state)
    const store = redisReferences(redis)
    for (const { run } of referenceStoreCases)
      await run({ store, advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) })
    for (const node of nodes) await node.stop('SIGKILL')
    await expect(state.get('a')).rejects.toMatchObject(outage)
    await expect(store.add('a', 'x', 1_000)).rejects.toMatchObject(outage)
  })
})
