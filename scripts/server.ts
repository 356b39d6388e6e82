/** Owns servers of others that a lane starts for its tests: a process on a port that the system chooses. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { freePort } from './free-port.ts'

export interface LaneServer {
  /** For clients of it, as those of the AWS SDK take it. */
  readonly config: {
    readonly endpoint: string
    readonly region: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  }
  /** Resolves when the process has ended. */
  close(): Promise<void>
}

export interface Program {
  readonly name: string
  readonly command: string
  readonly args: (port: number) => readonly string[]
  readonly environment?: (port: number) => Readonly<Record<string, string>>
  /** Where it runs. @default here */
  readonly folder?: string
}

/** It has its start to make, on a machine that may be busy. */
const LONGEST_START = 30_000

/** @throws if it does not start */
export async function startServer({
  name,
  command,
  args,
  environment,
  folder,
}: Program): Promise<LaneServer> {
  const port = await freePort()
  const server = spawn(command, args(port), {
    stdio: 'ignore',
    env: { ...process.env, ...environment?.(port) },
    ...(folder !== undefined && { cwd: folder }),
  })
  const ended = new Promise<string>((resolve) => {
    server.once('error', (error) => resolve(error.message))
    server.once('exit', (code, signal) => resolve(`it ended with ${signal ?? code}`))
  })
  // Whoever ends without closing leaves none behind.
  const kill = () => void server.kill()
  process.once('exit', kill)
  const close = async () => {
    process.removeListener('exit', kill)
    kill()
    await ended
  }
  const problem = await Promise.race([ended, listening(port, performance.now() + LONGEST_START)])
  if (problem !== undefined) {
    await close()
    throw new Error(`${name} did not start: ${problem}`)
  }
  // It takes any, but the client insists on some.
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return { config: { endpoint: `http://127.0.0.1:${port}`, region: 'eu-central-1', credentials }, close }
}

/** It says that it starts long before it listens, so it is asked. Answers with what is wrong, if something is. */
async function listening(port: number, until: number): Promise<string | undefined> {
  while (performance.now() < until) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return undefined
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    } finally {
      socket.destroy()
    }
  }
  return 'nobody listens on its port'
}
