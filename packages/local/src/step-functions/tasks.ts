/**
 * Owns what tasks do, onto the ship itself.
 *
 * | resource                                | is                                                                          |
 * |-----------------------------------------|-----------------------------------------------------------------------------|
 * | `arn:aws:states:::aws-sdk:kinesis:putRecord` | a record on one of the ship's streams; its data is written as JSON, a text in quotation marks, as by AWS |
 * | `arn:aws:states:::lambda:invoke`        | an invocation of a function that `ship.lambda` runs                         |
 * | `arn:aws:lambda:...:function:NAME`      | the same; the answer alone is the result                                    |
 * | `arn:aws:states:::sqs:sendMessage`      | a message in the embedded SQS, if the queue is there and takes it, and in `messages` |
 */

import { type AwsAnswer, type AwsCall, type Fields, isFields } from '../http/index.ts'
import type { Invoked } from '../lambda/index.ts'

/** A message that a state machine has sent to a queue. */
export interface QueuedMessage {
  readonly queueUrl: string
  /** JSON where the definition has no text. */
  readonly body: string
}

export interface TaskTargets {
  readonly kinesis: AwsCall
  /** Undefined if there is no such function. */
  readonly invoke: (name: string, event: unknown) => Promise<Invoked> | undefined
  /** @param fields of SendMessage, beside the queue */
  readonly send: (message: QueuedMessage, fields: Fields) => AwsAnswer
}

type Task = (input: unknown, targets: TaskTargets, resource: string) => Promise<unknown>

const TASKS: readonly (readonly [RegExp, Task])[] = [
  [/^arn:[^:]+:states:::aws-sdk:kinesis:putRecord$/, putRecord],
  [/^arn:[^:]+:states:::lambda:invoke$/, invokeFunction],
  [/^arn:[^:]+:lambda:[^:]*:[^:]*:function:/, invokeByArn],
  [/^arn:[^:]+:states:::sqs:sendMessage$/, sendMessage],
]

export function isKnownResource(resource: string): boolean {
  return TASKS.some(([pattern]) => pattern.test(resource))
}

/** @throws an error with the name that the definition's Retry and Catch know */
export async function perform(resource: string, input: unknown, targets: TaskTargets): Promise<unknown> {
  const [, task] = TASKS.find(([pattern]) => pattern.test(resource)) ?? []
  if (task === undefined) throw errorNamed('States.Runtime', `the resource ${resource} is not known`)
  return task(input, targets, resource)
}

export function errorNamed(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}

async function putRecord(input: unknown, { kinesis }: TaskTargets): Promise<Fields> {
  const { Data: data, ...rest } = isFields(input) ? input : {}
  const answer = await kinesis('PutRecord', {
    ...rest,
    Data: Buffer.from(JSON.stringify(data) ?? '').toString('base64'),
  })
  if (!answer.ok) throw errorNamed(`Kinesis.${answer.error}`, answer.message)
  return answer.output
}

async function invokeFunction(input: unknown, { invoke }: TaskTargets): Promise<Fields> {
  const { FunctionName: name, Payload: payload = {} } = isFields(input) ? input : {}
  return {
    ExecutedVersion: '$LATEST',
    StatusCode: 200,
    Payload: await answered(nameIn(String(name)), payload, invoke),
  }
}

async function invokeByArn(input: unknown, { invoke }: TaskTargets, resource: string): Promise<unknown> {
  return answered(nameIn(resource), input, invoke)
}

/** Of an ARN, or of a name that may have a version or alias. */
function nameIn(given: string): string {
  return /:function:([^:]+)/.exec(given)?.[1] ?? given.split(':')[0] ?? given
}

async function answered(name: string, event: unknown, invoke: TaskTargets['invoke']): Promise<unknown> {
  const running = invoke(name, event)
  if (running === undefined)
    throw errorNamed(
      'Lambda.ResourceNotFoundException',
      `Function not found: arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    )
  const invoked = await running
  if ('error' in invoked) throw errorNamed(invoked.error.type, invoked.error.message)
  try {
    return JSON.parse(invoked.response)
  } catch {
    return null
  }
}

/** Those of SendMessage that have a name of their own in state machines. */
const SQS_ERRORS: readonly string[] = ['InvalidMessageContents', 'UnsupportedOperation']

async function sendMessage(input: unknown, { send }: TaskTargets): Promise<Fields> {
  const { QueueUrl: queueUrl, MessageBody: given, ...rest } = isFields(input) ? input : {}
  const body = typeof given === 'string' ? given : (JSON.stringify(given) ?? '')
  const answer = send({ queueUrl: String(queueUrl), body }, { ...rest, MessageBody: body })
  if (answer.ok) return answer.output
  const { error, message } = answer
  throw errorNamed(
    SQS_ERRORS.includes(error) ? `SQS.${error}Exception` : 'SQS.AmazonSQSException',
    `${message} (Service: AmazonSQS; Status Code: 400; Error Code: ${error})`,
  )
}
