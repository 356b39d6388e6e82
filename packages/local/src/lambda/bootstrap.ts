/**
 * Runs in the child process: a client of the Lambda Runtime API that imports a handler and feeds it events.
 *
 * `node bootstrap.ts <file> <export>`, with AWS_LAMBDA_RUNTIME_API set. Standard input is a pipe from the process that started
 * it and holds nothing: when it closes, that process is gone, and this one must not outlive it.
 */
import { type IncomingHttpHeaders, request } from 'node:http'
import { pathToFileURL } from 'node:url'

type Handler = (event: unknown, context: unknown) => unknown

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

function described(error: unknown): string {
  if (!(error instanceof Error))
    return JSON.stringify({ errorType: typeof error, errorMessage: String(error), trace: [] })
  return JSON.stringify({
    errorType: error.name,
    errorMessage: error.message,
    trace: error.stack?.split('\n') ?? [],
  })
}

async function load(): Promise<Handler> {
  const module: unknown = await import(pathToFileURL(file).href)
  const handler = typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined
  if (typeof handler !== 'function') {
    const error = new Error(`${name} is undefined or not exported`)
    error.name = 'Runtime.HandlerNotFound'
    throw error
  }
  // Safe as far as anyone can know: what a function does with its arguments is its own affair.
  return handler as Handler
}

async function fail(error: unknown, code: number): Promise<never> {
  const path = current === undefined ? 'init/error' : `invocation/${current}/error`
  await call('POST', path, described(error)).catch(() => undefined)
  process.exit(code)
}

process.stdin.on('close', () => process.exit(1)).resume()
// Never rejects: it ends the process.
process.on('uncaughtException', (error) => void fail(error, UNCAUGHT))
// Never rejects, likewise.
process.on('unhandledRejection', (error) => void fail(error, UNHANDLED))

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

/** A handler that is not async may throw, too. */
async function attempt(handler: Handler, event: string, context: unknown): Promise<unknown> {
  return handler(JSON.parse(event), context)
}

async function run(handler: Handler): Promise<never> {
  for (;;) {
    const { headers, body } = await call('GET', 'invocation/next')
    const context = contextOf(headers)
    current = context.awsRequestId
    env._X_AMZN_TRACE_ID = String(headers['lambda-runtime-trace-id'])
    const answer = await attempt(handler, body, context).then(
      (result) => ['response', JSON.stringify(result ?? null) ?? 'null'] as const,
      (error: unknown) => ['error', described(error)] as const,
    )
    await call('POST', `invocation/${current}/${answer[0]}`, answer[1])
    current = undefined
  }
}

const handler = await load().catch((error: unknown) => fail(error, 1))
await run(handler).catch(() => process.exit(1))
