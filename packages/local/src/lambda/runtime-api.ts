/**
 * The server side of the Lambda Runtime API, for one process.
 *
 * ```
 * process                       server
 *   | GET  invocation/next  ----> | held until there is an event
 *   | <---- the event             | with request id, deadline, ARN and trace in headers
 *   | POST invocation/<id>/response or .../error
 *   | (or POST init/error instead of the first next)
 * ```
 */
import { randomBytes } from 'node:crypto'
import { json, type Reply, type Request, serve } from '../http/index.ts'
import type { FunctionError, Invoked } from './response.ts'

export interface RuntimeApi {
  /** `host:port`, for AWS_LAMBDA_RUNTIME_API. */
  readonly address: string
  /** Resolves when the process asks for an event: with nothing, or with the error of its initialization. */
  ready(): Promise<FunctionError | undefined>
  /** Gives an event to the process that asked for one; resolves with its answer. */
  invoke(invocation: Invocation): Promise<Invoked>
  close(): Promise<void>
}

export interface Invocation {
  readonly requestId: string
  readonly event: string
  /** Milliseconds since 1970. */
  readonly deadline: number
  readonly functionArn: string
}

const ROOT = '/2018-06-01/runtime'
const LARGEST_RESPONSE = 6 * 1024 * 1024
const ACCEPTED = json(202, { status: 'OK' })

export async function startRuntimeApi(): Promise<RuntimeApi> {
  let ready = Promise.withResolvers<FunctionError | undefined>()
  let asked: PromiseWithResolvers<Reply> | undefined
  let current: { readonly requestId: string; readonly answer: PromiseWithResolvers<Invoked> } | undefined

  function next(): Promise<Reply> {
    const reply = Promise.withResolvers<Reply>()
    asked = reply
    ready.resolve(undefined)
    return reply.promise
  }

  function finish(requestId: string, outcome: { response: string } | { error: FunctionError }): Reply {
    if (!current || current.requestId !== requestId)
      return refusal(400, 'InvalidRequestID', 'there is no such invocation')
    current.answer.resolve({ requestId, ...outcome })
    current = undefined
    return ACCEPTED
  }

  function handle({ method, path, body }: Request): Reply | Promise<Reply> {
    if (method === 'GET' && path === `${ROOT}/invocation/next`) return next()
    if (method === 'POST' && path === `${ROOT}/init/error`) {
      ready.resolve(readError(body))
      return ACCEPTED
    }
    const [, requestId = '', kind] = /\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? []
    if (method !== 'POST' || kind === undefined)
      return refusal(404, 'NotFound', `${method} ${path} is not part of the Runtime API`)
    if (kind === 'error') return finish(requestId, { error: readError(body) })
    if (body.length > LARGEST_RESPONSE) {
      const message = `Response payload size (${body.length} bytes) exceeded maximum allowed payload size (${LARGEST_RESPONSE} bytes).`
      finish(requestId, { error: { type: 'Function.ResponseSizeTooLarge', message } })
      return refusal(413, 'RequestEntityTooLarge', message)
    }
    return finish(requestId, { response: body.toString('utf8') })
  }

  const server = await serve(handle)
  return {
    address: server.url.replace('http://', ''),
    ready: () => ready.promise,
    invoke({ requestId, event, deadline, functionArn }) {
      const answer = Promise.withResolvers<Invoked>()
      current = { requestId, answer }
      const headers = {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': requestId,
        'lambda-runtime-deadline-ms': String(deadline),
        'lambda-runtime-invoked-function-arn': functionArn,
        'lambda-runtime-trace-id': traceId(),
      }
      asked?.resolve({ status: 200, headers, body: event })
      ready = Promise.withResolvers()
      return answer.promise
    },
    close: server.close,
  }
}

function readError(body: Buffer): FunctionError {
  try {
    const { errorType = 'Error', errorMessage = '' } = JSON.parse(body.toString('utf8'))
    return { type: String(errorType), message: String(errorMessage) }
  } catch {
    return { type: 'Error', message: 'the runtime reported an error that is not JSON' }
  }
}

function traceId(): string {
  const seconds = Math.floor(Date.now() / 1_000).toString(16)
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`
}

function refusal(status: number, errorType: string, errorMessage: string): Reply {
  return json(status, { errorType, errorMessage })
}
