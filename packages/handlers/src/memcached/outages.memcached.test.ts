/** Nodes that die, are silent or are cut off: every call settles, a failure is never a miss, and nothing is sent twice. */

import dns from 'node:dns'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:tls'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../../../scripts/free-port.ts'
import { makeCertificate } from '../../test/certificate.ts'
import { fakeMemcached } from '../../test/fake-memcached.ts'
import { startMemcached } from '../../test/memcached-server.ts'
import { startProxy } from '../../test/tcp-proxy.ts'
import { type MemcachedReferencesOptions, memcachedReferences } from './index.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of open.splice(0).reverse()) await close()
})

async function server(...args: Parameters<typeof startMemcached>) {
  const started = await startMemcached(...args)
  open.push(() => started.stop())
  return started
}

async function proxyTo(port: number) {
  const proxy = await startProxy(port)
  open.push(() => proxy.close())
  return { ...proxy, address: `127.0.0.1:${proxy.port}`, connections: () => proxy.connections }
}

function references(options: MemcachedReferencesOptions) {
  const made = memcachedReferences(options)
  open.push(() => made.close())
  return made
}

const outage = { code: 'unavailable', dependency: 'memcached', setup: undefined }

test('nothing connects before the first call, and many calls share a connection', async () => {
  const proxy = await proxyTo((await server()).port)
  const store = references({ nodes: [proxy.address] })
  expect(proxy.connections()).toBe(0)
  const keys = Array.from({ length: 200 }, (_, n) => `k${n}`)
  await Promise.all(keys.map((key) => store.set(key, key, 60_000)))
  expect(await Promise.all(keys.map((key) => store.get(key)))).toEqual(keys)
  expect(proxy.connections()).toBe(1)
})

test('a node that is killed and started again is used again, and has forgotten', async () => {
  const first = await server()
  const store = references({ nodes: [first.address] })
  await store.set('a', '1', 60_000)
  await first.stop()
  await expect(store.get('a')).rejects.toMatchObject(outage)
  await expect(store.check()).rejects.toMatchObject(outage)
  await server([], first.port)
  expect(await store.get('a')).toBeUndefined()
  expect(await store.add('a', '2', 60_000)).toBe(true)
  expect(await store.get('a')).toBe('2')
})

test('a node that accepts and is silent is an outage for add and get within the time of a call, never "exists" or "missing"', async () => {
  const node = await server()
  const proxy = await proxyTo(node.port)
  const store = references({ nodes: [proxy.address], timeout: 300 })
  await store.set('a', 'before', 60_000)
  await node.silence()
  const calls = [
    store.add('a', 'x', 60_000),
    store.get('a'),
    store.get('b'),
    store.delete('b'),
    store.check(),
  ]
  for (const call of await Promise.allSettled(calls))
    expect(call).toMatchObject({ status: 'rejected', reason: outage })
  node.speak()
  expect(await store.get('a')).toBe('before')
  expect(proxy.connections()).toBe(2)
})

test('a host that takes no connection is an outage within the time of a call', async () => {
  // Of those that are kept for documents: nobody has it.
  const store = references({ nodes: ['192.0.2.1:11211'], timeout: 100 })
  await expect(store.add('a', 'x', 60_000)).rejects.toMatchObject(outage)
})

test('an answer that comes late goes to nobody: its connection has ended', async () => {
  const proxy = await proxyTo((await server()).port)
  const store = references({ nodes: [proxy.address], timeout: 200 })
  await store.set('a', 'of a', 60_000)
  await store.set('b', 'of b', 60_000)
  const intercepted = proxy.intercept()
  const late = expect(store.get('a')).rejects.toMatchObject(outage)
  const request = await intercepted
  await late
  request.pass()
  expect(await store.get('b')).toBe('of b')
  expect(proxy.connections()).toBe(2)
})

test('an add that is cut before it arrives is an outage, and is not sent again', async () => {
  const proxy = await proxyTo((await server()).port)
  const store = references({ nodes: [proxy.address] })
  await store.get('a')
  const intercepted = proxy.intercept()
  const adding = expect(store.add('a', 'mine', 60_000)).rejects.toMatchObject(outage)
  ;(await intercepted).drop()
  await adding
  expect(await store.get('a')).toBeUndefined()
})

test('an add whose answer is lost is an outage, never "exists": what it did is there to be read', async () => {
  const node = await server()
  const proxy = await proxyTo(node.port)
  const store = references({ nodes: [proxy.address] })
  await store.get('a')
  proxy.mute()
  const intercepted = proxy.intercept()
  const adding = expect(store.add('a', 'mine', 60_000)).rejects.toMatchObject(outage)
  ;(await intercepted).pass()
  const observer = references({ nodes: [node.address] })
  await vi.waitFor(async () => expect(await observer.get('a')).toBe('mine'), { timeout: 10_000 })
  proxy.cut()
  await adding
  proxy.pass()
  expect(await store.add('a', 'mine', 60_000)).toBe(false)
  expect(await store.get('a')).toBe('mine')
})

test('a node that is down is an outage for its keys alone, and no other node takes them over', async () => {
  const nodes = [await server(), await server(), await server()]
  const store = references({ nodes: nodes.map(({ address }) => address) })
  const keys = Array.from({ length: 60 }, (_, n) => `k${n}`)
  for (const key of keys) await store.set(key, 'before', 60_000)
  await nodes[1]?.stop()
  const outcomes = await Promise.allSettled(keys.map((key) => store.get(key)))
  const lost = keys.filter((_, n) => outcomes[n]?.status === 'rejected')
  expect(lost.length).toBeGreaterThan(0)
  for (const [n, outcome] of outcomes.entries())
    if (lost.includes(keys[n] ?? '')) expect(outcome).toMatchObject({ reason: outage })
    else expect(outcome).toMatchObject({ value: 'before' })
  for (const key of lost) await expect(store.set(key, 'after', 60_000)).rejects.toMatchObject(outage)
  await expect(store.check()).rejects.toMatchObject(outage)
  await server([], nodes[1]?.port)
  expect(await Promise.all(lost.map((key) => store.get(key)))).toEqual(lost.map(() => undefined))
})

test('a store that its owner has closed answers what is under way, then no more', async () => {
  const proxy = await proxyTo((await server()).port)
  const store = references({ nodes: [proxy.address] })
  const last = [store.set('a', '1', 60_000), store.get('a')]
  await store.close()
  expect(await Promise.all(last)).toEqual([undefined, '1'])
  await expect(store.get('a')).rejects.toMatchObject(outage)
  await store.close()
  expect(proxy.connections()).toBe(1)
})

test('a host that nobody knows is told as a set-up', async () => {
  vi.spyOn(dns, 'lookup').mockImplementation(((host: string, _: unknown, done: (error: Error) => void) => {
    done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }))
  }) as never)
  const store = references({ nodes: ['cache.test:11211'] })
  await expect(store.get('a')).rejects.toMatchObject({
    setup: { reason: 'unknown-operation', resource: 'Memcached at cache.test:11211' },
  })
})

describe('an answer that a real server gives seldom', () => {
  const answers = {
    'the value of another key': ['VALUE spaceship:b 0 15\r\n@spaceship:b\nof b\r\nEND\r\n', outage],
    'the value of another key in an item of ours': [
      'VALUE spaceship:a 0 15\r\n@spaceship:b\nof\r\nEND\r\n',
      outage,
    ],
    'the answer to another request': ['STORED\r\n', outage],
    'the half of a value': ['VALUE spaceship:a 0 100\r\n@spaceship:a\nof', outage],
    'more than it says': ['VALUE spaceship:a 0 2\r\n@spaceship:a\nof\r\nEND\r\n', outage],
    'what is no Memcached': ['HTTP/1.1 400 Bad Request\r\n\r\n', outage],
    'a line without an end': ['x'.repeat(5_000), outage],
    'an error of the server': ['SERVER_ERROR out of memory writing get response\r\n', outage],
    'an error of the client': ['CLIENT_ERROR hush\r\n', { code: 'permanent' }],
    'an unknown command': ['ERROR\r\n', { setup: { reason: 'unknown-operation' } }],
    'a question for a password': ['CLIENT_ERROR unauthenticated\r\n', { setup: { reason: 'denied' } }],
  } as const
  for (const [name, [text, told]] of Object.entries(answers)) {
    test(`${name} is no miss`, async () => {
      const fake = await fakeMemcached(() => text)
      open.push(() => fake.close())
      const store = references({ nodes: [fake.address], timeout: 200 })
      const error = await store.get('a').catch((reason: unknown) => reason)
      expect(error).toMatchObject(told)
      expect(String(error)).toContain(fake.address)
      expect(inspect(error, { depth: 20 }).match(/of b|hush/)).toBeNull()
    })
  }

  test('the value that a get was answered is no success of an add', async () => {
    const fake = await fakeMemcached(() => 'VALUE spaceship:a 0 1\r\nx\r\nEND\r\n')
    open.push(() => fake.close())
    await expect(references({ nodes: [fake.address] }).add('a', 'x', 60_000)).rejects.toMatchObject(outage)
  })

  test('an item that is too large for this server is refused for ever, and the connection goes on', async () => {
    const node = await server(['-I', '1k', '-o', 'slab_chunk_max=1'])
    const proxy = await proxyTo(node.port)
    const store = references({ nodes: [proxy.address] })
    await expect(store.set('a', 'x'.repeat(2_048), 60_000)).rejects.toMatchObject({ code: 'permanent' })
    expect(await store.get('a')).toBeUndefined()
    expect(proxy.connections()).toBe(1)
  })
})

describe('TLS', () => {
  async function certified() {
    const { key, cert, remove } = await makeCertificate()
    open.push(remove)
    const node = await server(['-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`])
    return { ...node, key, cert, ca: await readFile(cert) }
  }
  const setup = { code: 'unavailable', setup: { reason: 'unknown-operation' } }

  test('a node is talked to by TLS, with the CA that the store is told of', async () => {
    const { port, ca } = await certified()
    const store = references({ nodes: [`localhost:${port}`], tls: { ca } })
    await store.check()
    expect(await store.add('a', 'x'.repeat(100_000), 60_000)).toBe(true)
    expect(await store.get('a')).toHaveLength(100_000)
  })

  test('a node that a discovery tells by its address shows the certificate of its name', async () => {
    const { port, ca, key, cert } = await certified()
    const data = `1\ncache.test|127.0.0.1|${port}\n`
    const endpoint = createServer({ key: await readFile(key), cert: await readFile(cert) }, (socket) => {
      socket.on('data', () => socket.end(`CONFIG cluster 0 ${data.length}\r\n${data}\r\nEND\r\n`))
    })
    await once(endpoint.listen(0, '127.0.0.1'), 'listening')
    open.push(() => new Promise((resolve) => endpoint.close(resolve)))
    const discovery = `127.0.0.1:${Object(endpoint.address()).port}`
    const store = references({ discovery, tls: { ca } })
    await store.check()
    expect(await store.add('a', 'x', 60_000)).toBe(true)
  })

  test('a certificate of nobody, or of another host, is told as a set-up, and nothing is sent', async () => {
    const { port, address, ca } = await certified()
    const tls = [{}, { ca, servername: 'other.test' }]
    for (const options of tls) {
      const store = references({ nodes: [address], tls: options })
      await expect(store.set('a', 'x', 60_000)).rejects.toMatchObject(setup)
    }
    expect(await references({ nodes: [`127.0.0.1:${port}`], tls: { ca } }).get('a')).toBeUndefined()
  })

  test('TLS to a node without it is told as a set-up; no TLS to a node with it, and a CA that is none, are no miss', async () => {
    const plain = await server()
    await expect(references({ nodes: [plain.address], tls: {} }).get('a')).rejects.toMatchObject(setup)
    const { address } = await certified()
    await expect(references({ nodes: [address], timeout: 300 }).get('a')).rejects.toMatchObject({
      code: 'unavailable',
    })
    const broken = references({ nodes: [address], tls: { ca: '-----BEGIN CERTIFICATE-----\nhush\n' } })
    const error = await broken.get('a').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'unavailable' })
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('hush')
  })
})

test('a store on which nothing is under way keeps no process alive', async () => {
  const { address } = await server()
  const store = references({ nodes: [address] })
  await store.set('a', '1', 60_000)
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap')).toEqual([])
})

test('what was never free is told as an outage with the node that is meant', async () => {
  const address = `127.0.0.1:${await freePort()}`
  await expect(references({ nodes: [address] }).get('a')).rejects.toMatchObject({
    ...outage,
    message: `Memcached at ${address} did not answer get`,
  })
})
