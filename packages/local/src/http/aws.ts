/** The wire of AWS's JSON services: one POST per call, the operation in a header, errors as `{ __type, message }`. */

import { parsed } from './json.ts'
import type { Reply, Request } from './serve.ts'

/** What DynamoDB, SQS and Step Functions speak. */
export const JSON_TYPE = 'application/x-amz-json-1.0'

/** What a call's input may hold; each reader checks what it uses. */
export type Fields = Readonly<Record<string, unknown>>

/** An error that is answered to the client as the service would. */
export interface AwsFault {
  readonly type: string
  readonly message: string
  readonly status?: number
  readonly fields?: Fields
}

/** The operation that a request names: `{ service: 'DynamoDB_20120810', operation: 'PutItem' }`. */
export function targetOf(request: Request): { service: string; operation: string } {
  const [service = '', operation = ''] = (request.headers['x-amz-target'] ?? '').split('.')
  return { service, operation }
}

/** The JSON object in a body, or `undefined` if it is none: then the emulator says what it thinks of it. */
export function fieldsOf(body: string | Buffer | undefined): Fields | undefined {
  if (body === undefined) return undefined
  try {
    const value = parsed(body.toString())
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A request as an SDK would make it, for calls from inside the process. */
export function awsRequest(target: string, input: unknown, contentType: string): Request {
  return {
    method: 'POST',
    path: '/',
    query: new URLSearchParams(),
    headers: { 'content-type': contentType, 'x-amz-target': target, ...SIGNED },
    body: Buffer.from(JSON.stringify(input)),
  }
}

/** The emulators want to see a signature and check none. A hand-written `curl` need not invent one. */
export function signed(request: Request): Request {
  const already = 'authorization' in request.headers || request.query.has('X-Amz-Algorithm')
  return already ? request : { ...request, headers: { ...request.headers, ...SIGNED } }
}

const SIGNED = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20200101/local/local/aws4_request, SignedHeaders=host, Signature=0',
  'x-amz-date': '20200101T000000Z',
}

/** An answer to a call from inside the process: the output, or the service's error. */
export type AwsAnswer =
  | { readonly ok: true; readonly output: Fields }
  | { readonly ok: false; readonly error: string; readonly message: string; readonly fields: Fields }

export type AwsCall = (operation: string, input: Fields) => Promise<AwsAnswer>

/** Calls a service's handler without a socket. */
export function awsCaller(
  handler: (request: Request) => Promise<Reply>,
  service: string,
  contentType: string,
): AwsCall {
  return async (operation, input) => {
    const reply = await handler(awsRequest(`${service}.${operation}`, input, contentType))
    const fields = fieldsOf(reply.body) ?? {}
    const fault = faultOf(reply)
    if (fault === undefined) return { ok: true, output: fields }
    return { ok: false, error: fault.name, message: fault.message, fields }
  }
}

/** Tells a fault from an output, which has no `type` and `message` at once. */
export function isFault(result: object): result is AwsFault {
  const { type, message } = Object(result)
  return typeof type === 'string' && typeof message === 'string'
}

/** The answer to a fault. */
export function faultReply(
  { type, message, status = 400, fields = {} }: AwsFault,
  contentType: string,
): Reply {
  const name = type.slice(type.indexOf('#') + 1)
  return {
    status,
    headers: { 'content-type': contentType, 'x-amzn-errortype': name },
    body: JSON.stringify({ __type: type, message, ...fields }),
  }
}

/** The short name of the error in an answer, if it is one: `ResourceNotFoundException`. */
export function faultOf(reply: Reply): { name: string; message: string } | undefined {
  if (reply.status < 300) return undefined
  const fields = fieldsOf(reply.body)
  const type = String(fields?.__type ?? `HTTP ${reply.status}`)
  return {
    name: type.slice(type.indexOf('#') + 1),
    message: String(fields?.message ?? fields?.Message ?? ''),
  }
}
