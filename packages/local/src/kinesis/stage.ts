import type { FaultSource } from '../faults/index.ts'
import {
  type AwsAnswer,
  type AwsCall,
  type AwsFault,
  type Fields,
  faultReply,
  type Reply,
  type Request,
} from '../http/index.ts'
import type { ShardLimits } from './limits.ts'

/** The account of every stream, in ARNs and in messages. */
export const ACCOUNT = '000000000000'
export const JSON_TYPE = 'application/x-amz-json-1.1'

/** What the operations stand on. */
export interface Stage {
  /** kinesalite, to which a request goes as it is. */
  readonly forward: (request: Request) => Promise<Reply>
  /** kinesalite as well, by operation and input. */
  readonly call: AwsCall
  readonly faults: FaultSource
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly region: string
  readonly limits: ShardLimits
  /** The names of the streams whose UpdateShardCount is going on. */
  readonly resharding: Set<string>
}

/** Answers a call whose input is known by the front, with the stream by its name. */
export type Operation = (stage: Stage, input: Fields, request: Request) => Promise<Reply>

export function replyTo(answer: AwsAnswer): Reply {
  if (answer.ok)
    return { status: 200, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(answer.output) }
  const status = answer.error === 'InternalFailure' ? 500 : 400
  return refused({ type: answer.error, message: answer.message, status })
}

export function answered(output: Fields): Reply {
  return replyTo({ ok: true, output })
}

export function refused(fault: AwsFault): Reply {
  return faultReply(fault, JSON_TYPE)
}

/** The same request with another input, for another operation if one is named. */
export function withInput(request: Request, input: Fields, operation?: string): Request {
  const headers =
    operation === undefined
      ? request.headers
      : { ...request.headers, 'x-amz-target': `Kinesis_20131202.${operation}` }
  return { ...request, headers, body: Buffer.from(JSON.stringify(input)) }
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
