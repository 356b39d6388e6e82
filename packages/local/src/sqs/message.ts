/** Owns a message as it is sent: what SQS takes of it, its size and its digests. */

import { createHash } from 'node:crypto'
import { type Fields, isFields } from '../http/index.ts'
import { type Refused, refusals } from './refusal.ts'

/** What a message holds from the sender. */
export interface Sent {
  readonly body: string
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly group: string | undefined
  readonly deduplication: string | undefined
}

export interface Attribute {
  readonly DataType: string
  readonly StringValue?: string
  /** Base64. */
  readonly BinaryValue?: string
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters in question.
const REFUSED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])/
const ATTRIBUTE = /^(?!aws\.|amazon\.)[\w-][\w.-]{0,255}$/i
const GROUP = /^[!-~]{1,128}$/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

export interface QueueRules {
  readonly fifo: boolean
  readonly contentBased: boolean
  readonly most: number
}

export function sentOf(input: Fields, { fifo, contentBased, most }: QueueRules): Sent | Refused {
  const { MessageBody: body, MessageGroupId: group, MessageDeduplicationId: given } = input
  if (typeof body !== 'string' || body === '') return refusals.missing('MessageBody')
  if (REFUSED.test(body)) return refusals.contents()
  const attributes = attributesOf(input.MessageAttributes)
  if (isRefused(attributes)) return attributes
  if (sizeOf({ body, attributes }) > most)
    return refusals.invalid(
      `One or more parameters are invalid. Reason: Message must be shorter than ${most} bytes.`,
    )
  if (group !== undefined && !isGroup(group))
    return refusals.invalid('MessageGroupId has characters that it may not have, or more than 128.')
  if (!fifo)
    return strangeToStandard(input) ?? { body, attributes, group: undefined, deduplication: undefined }
  if (group === undefined) return refusals.missing('MessageGroupId')
  if (input.DelaySeconds !== undefined)
    return refusals.invalid(
      'The request include parameter DelaySeconds, which is not valid for this queue type.',
    )
  const deduplication = given ?? (contentBased ? createHash('sha256').update(body).digest('hex') : undefined)
  if (!isGroup(deduplication))
    return refusals.invalid(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    )
  return { body, attributes, group, deduplication }
}

/** A standard queue takes the group of a message, for fair queues. */
function strangeToStandard({ MessageDeduplicationId: given, DelaySeconds }: Fields): Refused | undefined {
  if (given !== undefined)
    return refusals.parameter(
      'MessageDeduplicationId',
      given,
      'The request include parameter that is not valid for this queue type.',
    )
  if (DelaySeconds === undefined) return undefined
  const delay = Number(DelaySeconds)
  return Number.isInteger(delay) && delay >= 0 && delay <= 900
    ? undefined
    : refusals.parameter('DelaySeconds', DelaySeconds, 'DelaySeconds must be >= 0 and <= 900.')
}

function isGroup(value: unknown): value is string {
  return typeof value === 'string' && GROUP.test(value)
}

export function isRefused(value: object): value is Refused {
  return 'query' in value
}

function attributesOf(given: unknown): Sent['attributes'] | Refused {
  const attributes: Record<string, Attribute> = {}
  const entries = isFields(given) ? Object.entries(given) : []
  if (entries.length > 10)
    return refusals.invalid('Number of message attributes exceeds the allowed maximum 10.')
  for (const [name, value] of entries) {
    const { DataType, StringValue, BinaryValue } = isFields(value) ? value : {}
    const isText = /^(String|Number)(\..*)?$/.test(String(DataType)) && typeof StringValue === 'string'
    const isBinary = /^Binary(\..*)?$/.test(String(DataType)) && typeof BinaryValue === 'string'
    const text = isText ? StringValue : isBinary ? BinaryValue : ''
    if (!ATTRIBUTE.test(name) || text === '' || REFUSED.test(text))
      return refusals.invalid(`The message attribute '${name}' has an invalid name, type or value.`)
    if (/^Number/.test(String(DataType)) && !NUMBER.test(text))
      return refusals.invalid(`Can't cast the value of message (user) attribute '${name}' to a number.`)
    attributes[name] = {
      DataType: String(DataType),
      ...(isText ? { StringValue: text } : { BinaryValue: text }),
    }
  }
  return attributes
}

export function sizeOf({ body, attributes }: Pick<Sent, 'body' | 'attributes'>): number {
  return Object.entries(attributes).reduce(
    (sum, [name, { DataType, ...value }]) =>
      sum + Buffer.byteLength(name) + DataType.length + bytesOf(value).length,
    Buffer.byteLength(body),
  )
}

function bytesOf({ StringValue = '', BinaryValue }: Omit<Attribute, 'DataType'>): Buffer {
  return BinaryValue === undefined ? Buffer.from(StringValue) : Buffer.from(BinaryValue, 'base64')
}

export function md5(body: string): string {
  return createHash('md5').update(body).digest('hex')
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html */
export function md5Of(attributes: Sent['attributes']): string | undefined {
  const names = Object.keys(attributes).sort()
  if (names.length === 0) return undefined
  const hash = createHash('md5')
  const part = (bytes: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  for (const name of names) {
    const value = attributes[name] ?? { DataType: '' }
    part(Buffer.from(name))
    part(Buffer.from(value.DataType))
    hash.update(Uint8Array.of(value.BinaryValue === undefined ? 1 : 2))
    part(bytesOf(value))
  }
  return hash.digest('hex')
}
