/** Owns where the demo keeps references: in a Redis or Memcached that is there, in one that it starts, or in the memory of each process. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { referencesAt } from '../src/references.ts'

export interface Place extends AsyncDisposable {
  /** What `REFERENCES_URL` is set to. */
  readonly url: string
  /** In one line. */
  readonly told: string
}

/** Milliseconds that a server may take to start, and one that is there to answer. */
const LONGEST_START = 5_000
const LONGEST_ANSWER = 1_000

interface Kind {
  readonly name: string
  /** The variable that leads to one. */
  readonly variable: string
  readonly program: string
  /** What makes the program keep nothing on a disk, and listen to this machine alone. */
  readonly args: (port: number) => readonly string[]
  readonly scheme: string
}

const REDIS: Kind = {
  name: 'Redis',
  variable: 'REDIS_URL',
  program: 'redis-server',
  args: (port) => ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
  scheme: 'redis',
}

export const MEMCACHED: Kind = {
  name: 'Memcached',
  variable: 'MEMCACHED_URL',
  program: 'memcached',
  args: (port) => ['-p', String(port), '-l', '127.0.0.1', '-U', '0', '-u', 'nobody'],
  scheme: 'memcached',
}

export async function placeOfReferences(
  variables: Readonly<Record<string, string | undefined>>,
  kinds: readonly Kind[] = [REDIS, MEMCACHED],
): Promise<Place> {
  for (const { name, variable } of kinds) {
    const given = variables[variable] ?? ''
    if (given === '') continue
    // The URL may hold a password.
    if (await answers(given)) return { ...nothing(given), told: `the ${name} of ${variable}` }
    return { ...nothing(''), told: `memory: nobody answers at ${variable}` }
  }
  for (const kind of kinds) {
    const place = await started(kind)
    if (place !== undefined) return place
  }
  const [urls, programs] = [kinds.map(({ variable }) => variable), kinds.map(({ program }) => program)]
  return { ...nothing(''), told: `memory: no ${urls.join(' or ')}, no ${programs.join(' or ')} on the PATH` }
}

const nothing = (url: string) => ({ url, [Symbol.asyncDispose]: async () => {} })

/** One try: whoever wants another one asks again. */
async function answers(url: string): Promise<boolean> {
  const references = referencesAt({ url, prefix: 'spaceship-demo:' })
  if (references === undefined) return false
  const over = AbortSignal.timeout(LONGEST_ANSWER)
  const late = new Promise<false>((resolve) => {
    over.addEventListener('abort', () => {
      resolve(false)
    })
  })
  const asked = references.store.get('reachable').then(
    () => true,
    () => false,
  )
  const answer = await Promise.race([asked, late])
  await references[Symbol.asyncDispose]()
  return answer
}

/** Undefined if there is no program for one, or it does not start. */
async function started({ name, program, args, scheme }: Kind): Promise<Place | undefined> {
  const port = await freePort()
  const url = `${scheme}://127.0.0.1:${port}`
  const server = spawn(program, args(port), { stdio: 'ignore' })
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
      return { url, told: `a ${name} that the demo has started: ${url}`, [Symbol.asyncDispose]: close }
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
