/**
 * Runs in the child process: a client of the Lambda Runtime API that imports a handler and feeds it events.
 *
 * `node bootstrap.ts <file> <export>`, with AWS_LAMBDA_RUNTIME_API set. Standard input is a pipe from the process that started
 * it and holds nothing: when it closes, that process is gone, and this one must not outlive it.
 */
import { type IncomingHttpHeaders, request } from 'node:http'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'

type Callback = (error: unknown, result?: unknown) => void
type Handler = (event: unknown, context: unknown, callback?: Callback) => unknown

const [, , file = '', name = 'handler'] = process.argv
const { env } = process
let current: string | undefined

/** Exit codes as those of AWS's own runtime client. */
const UNCAUGHT = 129
const UNHANDLED = 128

function call(
  method: 'GET' | 'POST',
  path: string,
  body = '',
): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    const url = `http://${env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/${path}`
    const sent = request(url, {
      method,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ headers: response.headers, body: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    sent.end(body)
  })
}

interface Described {
  readonly errorType: string
  readonly errorMessage: string
  readonly trace: readonly string[]
}

function described(error: unknown): Described {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: shown(error), trace: [] }
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] }
}

/** Of an error its stack and its causes. Never throws, whatever a function has thrown. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return inspect(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** What the Runtime API is told of an error, after people are. */
function told(what: string, error: unknown): string {
  process.stderr.write(`${what} ${shown(error)}\n`)
  return JSON.stringify(described(error))
}

function errorNamed(name: string, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), { name })
}

/** Whether a handler may answer by a callback. Runtimes of Node 24 and later refuse one that has a parameter for it. */
const CALLBACKS = /nodejs22\./.test(env.AWS_EXECUTION_ENV ?? '')

const takesCallback = ({ length }: { readonly length: number }): boolean => length >= 3

async function load(): Promise<Handler> {
  const module: unknown = await import(pathToFileURL(file).href)
  const handler = typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined
  if (typeof handler !== 'function')
    throw errorNamed('Runtime.HandlerNotFound', `${name} is undefined or not exported`)
  if (takesCallback(handler) && !CALLBACKS)
    throw errorNamed(
      'Runtime.CallbackHandlerDeprecated',
      `${name} has ${handler.length} parameters: Lambda calls no callbacks from Node.js 24 on, and refuses what could take one; expected (event, context), and a promise as its answer`,
    )
  // Safe as far as anyone can know: what a function does with its arguments is its own affair.
  return handler as Handler
}

async function fail(what: string, error: unknown, code: number): Promise<never> {
  const path = current === undefined ? 'init/error' : `invocation/${current}/error`
  await call('POST', path, told(what, error)).catch(() => undefined)
  process.exit(code)
}

process.stdin.on('close', () => process.exit(1)).resume()
// Never rejects: it ends the process.
process.on('uncaughtException', (error) => void fail('Uncaught Exception', error, UNCAUGHT))
// Never rejects, likewise.
process.on('unhandledRejection', (error) => void fail('Unhandled Promise Rejection', error, UNHANDLED))

function contextOf(headers: IncomingHttpHeaders) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  return {
    awsRequestId: String(headers['lambda-runtime-aws-request-id']),
    invokedFunctionArn: String(headers['lambda-runtime-invoked-function-arn']),
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  }
}

/** By its promise, or by its callback where it is given one: whichever comes first. */
function answerOf(handler: Handler, event: unknown, context: unknown): unknown {
  if (!takesCallback(handler)) return handler(event, context)
  const called = Promise.withResolvers<unknown>()
  const answer = handler(event, context, (error, result) =>
    error === undefined || error === null ? called.resolve(result) : called.reject(error),
  )
  return typeof Object(answer).then === 'function' ? Promise.race([called.promise, answer]) : called.promise
}

/** As JSON. A handler that is not async may throw, too. */
async function attempt(handler: Handler, event: string, context: unknown): Promise<string> {
  const answer = await answerOf(handler, JSON.parse(event), context)
  try {
    return JSON.stringify(answer ?? null) ?? 'null'
  } catch (error) {
    throw errorNamed('Runtime.JSONStringifyError', 'Unable to stringify response body', error)
  }
}

async function run(handler: Handler): Promise<never> {
  for (;;) {
    const { headers, body } = await call('GET', 'invocation/next')
    const context = contextOf(headers)
    current = context.awsRequestId
    env._X_AMZN_TRACE_ID = String(headers['lambda-runtime-trace-id'])
    const answer = await attempt(handler, body, context).then(
      (response) => ['response', response] as const,
      (error: unknown) => ['error', told('Invoke Error', error)] as const,
    )
    await call('POST', `invocation/${current}/${answer[0]}`, answer[1])
    current = undefined
  }
}

const handler = await load().catch((error: unknown) => fail('Init Error', error, 1))
await run(handler).catch(() => process.exit(1))
