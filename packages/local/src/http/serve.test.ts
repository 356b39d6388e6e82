import { connect as connectHttp2, constants } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { json, type Request, serve } from './index.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

const echo = (request: Request) =>
  json(200, {
    method: request.method,
    path: request.path,
    query: Object.fromEntries(request.query),
    body: request.body.toString(),
    x: request.headers['x-one'],
  })

describe('serve', () => {
  it('hands method, path, query, headers and body to the handler over HTTP/1.1', async () => {
    await using served = await serve(echo)
    const response = await fetch(`${served.url}/a/b?c=d`, {
      method: 'PUT',
      body: 'hi',
      headers: { 'X-One': '1' },
    })
    expect(await response.json()).toEqual({
      method: 'PUT',
      path: '/a/b',
      query: { c: 'd' },
      body: 'hi',
      x: '1',
    })
  })

  it('speaks HTTP/2 with prior knowledge on the same port', async () => {
    await using served = await serve(echo)
    const session = connectHttp2(served.url)
    const stream = session.request({ ':method': 'POST', ':path': '/h2?q=1', 'x-one': '2' })
    stream.end('over two')
    expect(JSON.parse(await text(stream))).toEqual({
      method: 'POST',
      path: '/h2',
      query: { q: '1' },
      body: 'over two',
      x: '2',
    })
    await new Promise<void>((resolve) => session.close(resolve))
  })

  it('recognises a request whose first bytes come one at a time', async () => {
    await using served = await serve(echo)
    const socket = connectTcp({ port: served.port, host: '127.0.0.1', noDelay: true })
    await new Promise<void>((resolve) => socket.write('P', () => resolve()))
    // While that connection says no more, the others are served.
    expect((await fetch(served.url)).status).toBe(200)
    for (const byte of 'UT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n') {
      await new Promise<void>((resolve) => socket.write(byte, () => resolve()))
    }
    expect(await text(socket)).toContain('"method":"PUT"')
  })

  it('answers 500 when the handler throws, without its message, and keeps serving', async () => {
    await using served = await serve((request) => {
      if (request.path === '/bad') throw new TypeError('secret detail')
      return { status: 204 }
    })
    const bad = await fetch(`${served.url}/bad`)
    expect(bad.status).toBe(500)
    expect(await bad.text()).toBe('internal error: TypeError\n')
    expect((await fetch(`${served.url}/good`)).status).toBe(204)
  })

  it('refuses a body over 32 MiB', async () => {
    await using served = await serve(echo)
    const response = await fetch(served.url, { method: 'POST', body: Buffer.alloc(32 * 1024 * 1024 + 1) })
    expect(response.status).toBe(413)
  })

  it('closes at once although a client keeps its connection, also twice', async () => {
    const served = await serve(echo)
    const socket = connectTcp(served.port, '127.0.0.1')
    socket.on('error', () => {})
    const gone = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    await new Promise<void>((resolve) => socket.on('connect', () => resolve()))
    await fetch(served.url)
    await Promise.all([served.close(), served.close()])
    await gone
    await expect(fetch(served.url)).rejects.toThrow()
  })

  it.each<[string, (socket: Socket) => void]>([
    ['no HTTP at all', (socket) => socket.end('\u0000\u0001\u0002 garbage\r\n\r\n')],
    ['half a request', (socket) => socket.end('POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\nhalf')],
    [
      'a body that is no chunk',
      (socket) => socket.end('POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nxyz'),
    ],
    [
      'two lengths',
      (socket) =>
        socket.end('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'),
    ],
    ['a header without end', (socket) => socket.end(`GET / HTTP/1.1\r\nx: ${'y'.repeat(100_000)}`)],
    ['a preface of HTTP/2 and garbage', (socket) => socket.end(`${PREFACE}${'garbage'.repeat(50)}`)],
    ['half a preface', (socket) => socket.end('PRI * HT')],
    [
      'a reset in the middle',
      (socket) =>
        socket.write(`POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\nhalf`, () => socket.resetAndDestroy()),
    ],
  ])('outlives %s', async (_, send) => {
    await using served = await serve(echo)
    const socket = connectTcp({ port: served.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    const gone = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    socket.resume().on('connect', () => send(socket))
    await gone
    expect((await fetch(served.url)).status).toBe(200)
  })

  it('outlives streams of HTTP/2 that are taken back', async () => {
    await using served = await serve(echo)
    const session = connectHttp2(served.url)
    session.on('error', () => {})
    for (const code of [constants.NGHTTP2_CANCEL, constants.NGHTTP2_PROTOCOL_ERROR]) {
      const stream = session.request({ ':method': 'POST', ':path': '/x' })
      stream.on('error', () => {})
      const closed = new Promise<void>((resolve) => stream.on('close', () => resolve()))
      stream.write('half', () => stream.close(code))
      await closed
    }
    session.destroy()
    expect((await fetch(served.url)).status).toBe(200)
  })

  it('says which port it cannot have', async () => {
    await using served = await serve(echo)
    await expect(serve(echo, { port: served.port })).rejects.toMatchObject({
      code: 'local-port',
      message: expect.stringContaining(String(served.port)),
    })
  })
})
