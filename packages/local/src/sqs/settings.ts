/** Owns the attributes of a queue: which there are, what they may hold, and what they mean. */

import { type Fields, fieldsOf, isFields } from '../http/index.ts'
import type { QueueSettings } from './queue.ts'
import { type Refused, refusals } from './refusal.ts'

/** With the least and the most of those that are numbers; the others are kept as they are, and have no effect here. */
const KNOWN: Readonly<Record<string, readonly [number, number] | undefined>> = {
  DelaySeconds: [0, 900],
  MaximumMessageSize: [1_024, 1_048_576],
  MessageRetentionPeriod: [60, 1_209_600],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  VisibilityTimeout: [0, 43_200],
  RedrivePolicy: undefined,
  FifoQueue: undefined,
  ContentBasedDeduplication: undefined,
  DeduplicationScope: undefined,
  FifoThroughputLimit: undefined,
  Policy: undefined,
  RedriveAllowPolicy: undefined,
  KmsMasterKeyId: undefined,
  KmsDataKeyReusePeriodSeconds: undefined,
  SqsManagedSseEnabled: undefined,
}

const DEFAULTS: Readonly<Record<string, string>> = {
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  VisibilityTimeout: '30',
}

export type QueueAttributes = Readonly<Record<string, string>>

export function attributesIn(given: unknown, known: QueueAttributes = DEFAULTS): QueueAttributes | Refused {
  const attributes: Record<string, string> = { ...known }
  for (const [name, value] of Object.entries(isFields(given) ? given : {})) {
    if (!Object.hasOwn(KNOWN, name)) return refusals.attribute(name)
    const [least, most] = KNOWN[name] ?? []
    const number = Number(value)
    const isWrong =
      least !== undefined &&
      most !== undefined &&
      !(Number.isInteger(number) && number >= least && number <= most)
    if (isWrong || (name === 'RedrivePolicy' && redriveOf(String(value)) === undefined))
      return refusals.attributeValue(name)
    attributes[name] = String(value)
  }
  return attributes
}

export function settingsOf(
  attributes: QueueAttributes,
): QueueSettings & { readonly wait: number; readonly most: number } {
  const number = (name: string) => Number(attributes[name])
  return {
    visibility: number('VisibilityTimeout'),
    delay: number('DelaySeconds'),
    retention: number('MessageRetentionPeriod'),
    wait: number('ReceiveMessageWaitTimeSeconds'),
    most: number('MaximumMessageSize'),
    redrive: attributes.RedrivePolicy === undefined ? undefined : redriveOf(attributes.RedrivePolicy),
  }
}

function redriveOf(policy: string): QueueSettings['redrive'] {
  const { deadLetterTargetArn, maxReceiveCount }: Fields = fieldsOf(policy) ?? {}
  const queue = String(deadLetterTargetArn).split(':').at(-1) ?? ''
  const most = Number(maxReceiveCount)
  return /^arn:[^:]+:sqs:/.test(String(deadLetterTargetArn)) && most >= 1 && most <= 1_000
    ? { queue, most }
    : undefined
}
