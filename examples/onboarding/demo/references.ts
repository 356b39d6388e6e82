/** Owns where the demo keeps references: in a Redis that is there, in one that it starts, or in the memory of each process. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Redis } from 'ioredis'

export interface Place extends AsyncDisposable {
  /** What `REFERENCES_URL` is set to. */
  readonly url: string
  /** In one line. */
  readonly told: string
}

/** Milliseconds that a server may take to start, and one that is there to answer. */
const LONGEST_START = 5_000
const LONGEST_ANSWER = 1_000

export async function placeOfReferences({
  REDIS_URL: given = '',
}: Readonly<Record<string, string | undefined>>): Promise<Place> {
  if (given !== '') {
    // The URL may hold a password.
    if (await answers(given)) return { ...nothing(given), told: 'the Redis of REDIS_URL' }
    return { ...nothing(''), told: 'memory: nobody answers at REDIS_URL' }
  }
  return (await started()) ?? { ...nothing(''), told: 'memory: no REDIS_URL, no redis-server on the PATH' }
}

const nothing = (url: string) => ({ url, [Symbol.asyncDispose]: async () => {} })

async function answers(url: string): Promise<boolean> {
  const options = { lazyConnect: true, connectTimeout: LONGEST_ANSWER, commandTimeout: LONGEST_ANSWER }
  // One try: whoever wants another one asks again.
  const redis = new Redis(url, { ...options, maxRetriesPerRequest: 0, retryStrategy: () => null })
  redis.on('error', () => {})
  try {
    await redis.connect()
    return (await redis.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    redis.disconnect()
  }
}

/** A Redis that keeps nothing on a disk; undefined if there is no program for one, or it does not start. */
async function started(): Promise<Place | undefined> {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', args, { stdio: 'ignore' })
  let isGone = false
  const gone = new Promise<void>((resolve) => {
    server.once('error', () => resolve())
    server.once('exit', () => resolve())
  }).then(() => {
    isGone = true
  })
  const kill = () => void server.kill()
  process.once('exit', kill)
  const close = async () => {
    process.removeListener('exit', kill)
    kill()
    await gone
  }
  const end = Date.now() + LONGEST_START
  while (!isGone && Date.now() < end) {
    if (await answers(url))
      return { url, told: `a Redis that the demo has started: ${url}`, [Symbol.asyncDispose]: close }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await close()
  return undefined
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return Number(Object(address).port)
}
