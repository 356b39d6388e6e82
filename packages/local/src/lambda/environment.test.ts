import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { createEnvironment, type Environment } from './environment.ts'

const beacon = fileURLToPath(new URL('../../test/fixtures/lambda/beacon.mjs', import.meta.url))
const servers: ReturnType<typeof createServer>[] = []
const environments: Environment[] = []
afterEach(async () => {
  await Promise.all(environments.splice(0).map((environment) => environment.close()))
  for (const server of servers.splice(0)) server.close()
})

/** Listens for beacons; their sockets close when their process is gone. */
async function listen() {
  const server = createServer()
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : expect.unreachable()
  return { server, port: String(port) }
}

const options = (port: string) => ({
  handler: beacon,
  exportName: 'handler',
  functionName: 'beacon',
  timeoutMs: 60_000,
  variables: { PORT: port },
  execArgv: [],
  log: () => {},
})

test('a function in mid-flight does not outlive the process that started it', async () => {
  const { server, port } = await listen()
  const program = `
    const { createEnvironment } = await import(${JSON.stringify(new URL('./environment.ts', import.meta.url).href)})
    await createEnvironment({ ...${JSON.stringify(options(port))}, log() {} }).invoke('{}')`
  const parent = spawn(
    process.execPath,
    ['--conditions=@spaceship/source', '--input-type=module', '--eval', program],
    { stdio: 'ignore' },
  )
  const [socket]: Socket[] = await once(server, 'connection')
  const gone = once(socket ?? expect.unreachable(), 'close')
  socket?.on('error', () => {}).resume()
  parent.kill('SIGKILL')
  await gone
})

test('closing kills a function in mid-flight, and starts none afterwards', async () => {
  const { server, port } = await listen()
  const environment = createEnvironment(options(port))
  environments.push(environment)
  const invoked = environment.invoke('{}')
  const [socket]: Socket[] = await once(server, 'connection')
  socket?.on('error', () => {}).resume()
  await environment.close()
  await expect(invoked).resolves.toMatchObject({
    error: { type: 'Runtime.ExitError', message: 'Runtime exited with error: signal: SIGKILL' },
  })
  await expect(environment.invoke('{}')).resolves.toMatchObject({ error: { type: 'Runtime.Closed' } })
  expect(environment.pid).toBeUndefined()
})

test('closing while a process is about to start leaves none behind', async () => {
  const { port } = await listen()
  const environment = createEnvironment(options(port))
  const invoked = environment.invoke('{}')
  await environment.close()
  await expect(invoked).resolves.toMatchObject({ error: { type: 'Runtime.Closed' } })
  expect(environment.pid).toBeUndefined()
})
