/**
 * An execution environment: a child process that runs the function, started when it is needed, again after it died.
 *
 * ```
 * none --(invoke)--> initializing --(first next)--> ready --(invoke)--> busy --(answer)--> ready
 *   ^                     |                           |                  |
 *   +-- init error, exit -+----------- exit ----------+-- exit, timeout -+
 * ```
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { basename, dirname, extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { functionArn } from './failed-batch.ts'
import type { FunctionError, Invoked } from './response.ts'
import { type RuntimeApi, startRuntimeApi } from './runtime-api.ts'

export interface EnvironmentOptions {
  /** Absolute path of the module. */
  readonly handler: string
  readonly exportName: string
  readonly functionName: string
  readonly timeoutMs: number
  /** All that the process sees, beside Lambda's own variables. */
  readonly variables: Readonly<Record<string, string>>
  readonly execArgv: readonly string[]
  /** What the function prints, line by line. */
  readonly log: (line: string) => void
}

export interface Environment {
  /** Runs the function once; never rejects. Not to be called again before it resolved. */
  invoke(event: string): Promise<Invoked>
  /** The process, while there is one. */
  readonly pid: number | undefined
  close(): Promise<void>
}

interface Running {
  readonly child: ChildProcess
  readonly api: RuntimeApi
  /** Resolves when the process is gone, with Lambda's words for how it ended. */
  readonly exited: Promise<FunctionError>
}

/** Lambda gives the code outside of the handler 10 s. */
const LEAST_INIT_MS = 10_000

const BOOTSTRAP = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './bootstrap.ts' : './bootstrap.js', import.meta.url),
)

export function createEnvironment(options: EnvironmentOptions): Environment {
  const { timeoutMs, functionName } = options
  let running: Running | undefined
  let closed = false

  async function start(): Promise<Running | undefined> {
    const api = await startRuntimeApi()
    if (closed) {
      await api.close()
      return undefined
    }
    const child = spawn(
      process.execPath,
      [...options.execArgv, BOOTSTRAP, options.handler, options.exportName],
      {
        env: { ...options.variables, ...lambdaVariables(options, api.address) },
        stdio: 'pipe',
      },
    )
    for (const output of [child.stdout, child.stderr])
      createInterface({ input: output }).on('line', options.log)
    const exited = new Promise<FunctionError>((resolve) => {
      const gone = (how: string) =>
        resolve({ type: 'Runtime.ExitError', message: `Runtime exited with error: ${how}` })
      child.once('error', () => gone('it could not be started'))
      child.once('exit', (code, signal) =>
        gone(signal === null ? `exit status ${code}` : `signal: ${signal}`),
      )
    })
    const started = { child, api, exited }
    // Never rejects: a server of ours closes without an error.
    void exited.then(() => {
      if (running === started) running = undefined
      return api.close()
    })
    running = started
    return started
  }

  async function kill({ child, exited, api }: Running): Promise<void> {
    child.kill('SIGKILL')
    await exited
    await api.close()
  }

  /** A process that asks for an event; one that dies instead of asking again is replaced. */
  async function waiting(): Promise<Running | FunctionError> {
    const isNew = running === undefined
    const candidate = running ?? (await start())
    if (!candidate) return { type: 'Runtime.Closed', message: 'the environment is closed' }
    const initLimit = Math.max(LEAST_INIT_MS, timeoutMs)
    const ready = Promise.race([candidate.api.ready(), candidate.exited])
    const error = await limited(ready, initLimit, () => kill(candidate), timedOut(initLimit))
    if (!error) return candidate
    await kill(candidate)
    if (!isNew) return waiting()
    // A process that exits or hangs as it starts prints nothing of that.
    if (!closed) options.log(`${functionName} did not start: ${error.type}: ${error.message}`)
    return error
  }

  async function invoke(event: string): Promise<Invoked> {
    const requestId = randomUUID()
    const ready = await waiting()
    if ('message' in ready) return { requestId, error: ready }
    const arn = functionArn(functionName)
    const answer = ready.api.invoke({ requestId, event, functionArn: arn, deadline: Date.now() + timeoutMs })
    const gone = ready.exited.then((error): Invoked => ({ requestId, error }))
    const late = { requestId, error: timedOut(timeoutMs) }
    return limited(Promise.race([answer, gone]), timeoutMs, () => kill(ready), late)
  }

  return {
    invoke,
    get pid() {
      return running?.child.pid
    },
    async close() {
      closed = true
      if (running) await kill(running)
    },
  }
}

function timedOut(ms: number): FunctionError {
  return { type: 'Sandbox.Timedout', message: `Task timed out after ${(ms / 1_000).toFixed(2)} seconds` }
}

/** The result of `work`, or after `ms` that of `otherwise`, once `onTimeout` is done. */
async function limited<T>(
  work: Promise<T>,
  ms: number,
  onTimeout: () => Promise<void>,
  otherwise: T,
): Promise<T> {
  const late = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => late.resolve('late'), ms)
  try {
    const first = await Promise.race([work, late.promise])
    if (first !== 'late') return first
    await onTimeout()
    return otherwise
  } finally {
    clearTimeout(timer)
  }
}

function lambdaVariables(
  { functionName, handler, exportName }: EnvironmentOptions,
  address: string,
): Record<string, string> {
  return {
    AWS_LAMBDA_RUNTIME_API: address,
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'embedded',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`,
    LAMBDA_TASK_ROOT: dirname(handler),
    _HANDLER: `${basename(handler, extname(handler))}.${exportName}`,
    TZ: ':UTC',
  }
}
