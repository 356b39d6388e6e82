/**
 * The second wire format of Kinesis, which AWS's clients for Java speak: the same calls in CBOR. Bytes are bytes there and times are
 * milliseconds, where JSON has Base64 and seconds.
 */

import { type Fields, fieldsOf, isFields, type Reply, type Request } from '../http/index.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { JSON_TYPE } from './stage.ts'

const CBOR_TYPE = 'application/x-amz-cbor-1.1'
const TIMES = new Set(['Timestamp', 'StreamCreationTimestamp', 'ApproximateArrivalTimestamp'])

type Handler = (request: Request) => Promise<Reply>

/** Lets a handler that knows JSON answer in CBOR what is asked in CBOR. */
export function inBothFormats(handler: Handler): Handler {
  return async (request) => {
    if (!request.headers['content-type']?.startsWith(CBOR_TYPE)) return handler(request)
    const input = inputOf(request.body)
    if (input === undefined)
      return { status: 400, headers: { 'content-type': CBOR_TYPE }, body: encodeCbor(NOT_CBOR) }
    const headers = { ...request.headers, 'content-type': JSON_TYPE }
    const reply = await handler({ ...request, headers, body: Buffer.from(JSON.stringify(input)) })
    const output = fieldsOf(reply.body)
    if (output === undefined) return reply
    return {
      ...reply,
      headers: { ...reply.headers, 'content-type': CBOR_TYPE },
      body: encodeCbor(asCbor(output)),
    }
  }
}

const NOT_CBOR = { __type: 'SerializationException', message: 'expected a map in CBOR' }

function inputOf(body: Buffer): Fields | undefined {
  try {
    const input = asJson(decodeCbor(body))
    return isFields(input) ? input : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function asJson(value: unknown, name = ''): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (typeof value === 'number' && TIMES.has(name)) return value / 1_000
  return within(value, asJson)
}

function asCbor(value: unknown, name = ''): unknown {
  if (typeof value === 'string' && name === 'Data') return Buffer.from(value, 'base64')
  if (typeof value === 'number' && TIMES.has(name)) return Math.round(value * 1_000)
  return within(value, asCbor)
}

function within(value: unknown, change: (value: unknown, name?: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => change(item))
  if (!isFields(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member, name)]))
}
