/** Owns a record as a message of SQS and SNS: its text, its attributes, and in a FIFO one its group. */

import { Permanent } from '@spaceship/core'
import type { OutgoingRecord } from '@spaceship/core/ports'
import { type About, digestOf, foreignAnswer, ofName, partitionKeyFor } from '../aws/index.ts'
import { type Entry, tooLarge } from './channel.ts'
import { isCarried, textOf } from './text.ts'

export interface MessageEntry extends Entry {
  readonly text: string
  readonly attributes: Readonly<Record<string, { readonly DataType: 'String'; readonly StringValue: string }>>
  /** Of a FIFO channel. */
  readonly fifo?: { readonly MessageGroupId: string; readonly MessageDeduplicationId: string }
}

/** Messages in one request. */
export const MOST_MESSAGES = 10

export interface MessageLimits {
  readonly resource: string
  /** Bytes of one message, attributes included. */
  readonly limit: number
  readonly fifo: boolean
}

/** @throws Permanent if it is larger than a message may be */
export function messageOf(record: OutgoingRecord, { resource, limit, fifo }: MessageLimits): MessageEntry {
  const { text, encoding } = textOf(record.data)
  const key = attributeFor(record.partitionKey)
  const values = { partitionKey: key, ...(encoding === undefined ? {} : { contentEncoding: encoding }) }
  const size = Buffer.byteLength(text) + bytesOf(values)
  if (size > limit) throw new Permanent(tooLarge({ size, limit, resource, option: 'maxMessageBytes' }))
  const attributes = Object.fromEntries(
    Object.entries(values).map(([name, StringValue]) => [name, { DataType: 'String' as const, StringValue }]),
  )
  const entry = { key, size, text, attributes }
  if (!fifo) return entry
  const MessageGroupId = nameFor(record.partitionKey)
  const MessageDeduplicationId = record.id === undefined ? crypto.randomUUID() : digestOf(record.id)
  // Two keys of one group would be one key to the queue.
  return { ...entry, key: MessageGroupId, fifo: { MessageGroupId, MessageDeduplicationId } }
}

/** SNS takes an attribute with one of these, and delivers its message to nobody. */
const CONTROL = /\p{Cc}/u

/** A key as an attribute holds it. */
function attributeFor(key: string): string {
  return isCarried(key) && !CONTROL.test(key) ? partitionKeyFor(key) : digestOf(key)
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const GROUP = /^[!-~]{1,128}$/

function nameFor(key: string): string {
  return GROUP.test(key) ? key : digestOf(key)
}

function bytesOf(values: Readonly<Record<string, string>>): number {
  return Object.entries(values).reduce(
    (sum, [name, value]) => sum + name.length + 'String'.length + Buffer.byteLength(value),
    0,
  )
}

/** What SQS and SNS say of the messages of one request. */
export interface BatchAnswer {
  readonly $metadata?: { readonly httpStatusCode?: number | undefined }
  readonly Successful?: readonly { readonly Id?: string | undefined }[] | undefined
  readonly Failed?:
    | readonly {
        readonly Id?: string | undefined
        readonly Code?: string | undefined
        readonly SenderFault?: boolean | undefined
      }[]
    | undefined
}

/** What was not accepted of so many messages, whose ids are their indices. @throws Unavailable for an answer that leaves one out */
export function refusedIn(about: About, answer: BatchAnswer, count: number): ReadonlyMap<number, unknown> {
  const { Successful = [], Failed = [] } = answer
  const refused = new Map<number, unknown>()
  for (const { Id, Code = 'unknown', SenderFault = false } of Failed) {
    const cause = new Error(Code)
    const message = `${about.dependency} refused a message for the ${about.resource}: ${Code}`
    const unknown = SenderFault ? new Permanent(message, { cause }) : cause
    refused.set(Number(Id), ofName(about, Code, cause) ?? unknown)
  }
  const told = new Set([...refused.keys(), ...Successful.map(({ Id }) => Number(Id))])
  for (let at = 0; at < count; at += 1) if (!told.has(at)) throw foreignAnswer(about, answer)
  return refused
}
