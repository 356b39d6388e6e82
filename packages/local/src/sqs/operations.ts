/** Owns what each operation of SQS does, but for the wait of ReceiveMessage. */

import { type Fields, isFields } from '../http/index.ts'
import { isRefused, md5, md5Of, type Sent, sentOf, sizeOf } from './message.ts'
import type { Received } from './queue.ts'
import type { KnownQueue, Queues } from './queues.ts'
import { type Refused, refusals } from './refusal.ts'
import { attributesIn, type QueueAttributes, settingsOf } from './settings.ts'

type Answer = Fields | Refused
type OfQueue = (known: KnownQueue, input: Fields) => Answer

export interface OperationParts {
  readonly queues: Queues
  readonly now: () => number
  readonly urlOf: (name: string) => string
  readonly region: string
  /** Called after a queue has got something. */
  readonly arrived: (name: string) => void
}

export const ACCOUNT = '000000000000'
const MOST_ENTRIES = 10
const MOST_BYTES = 1_048_576
const NAME = /^(?:[\w-]{1,80}|[\w-]{1,75}\.fifo)$/
const ENTRY = /^[\w-]{1,80}$/

/** The last part of a queue's URL. */
export const nameIn = (url: unknown): string => String(url).split('/').at(-1) ?? ''

export function operationsOf({ queues, now, urlOf, region, arrived }: OperationParts) {
  function create(input: Fields): Answer {
    const name = String(input.QueueName)
    const attributes = attributesIn(input.Attributes)
    if (!NAME.test(name)) return refusals.queueName()
    if (isRefused(attributes)) return attributes
    if (name.endsWith('.fifo') !== (attributes.FifoQueue === 'true'))
      return refusals.attributeValue('FifoQueue')
    const wrong = wrongRedrive(name, attributes)
    if (wrong !== undefined) return wrong
    const known = queues.find(name)
    const isOther = Object.entries(attributes).some(([key, value]) => known?.attributes[key] !== value)
    if (known !== undefined && isOther) return refusals.differs()
    if (known === undefined) queues.make(name, attributes, now())
    return { QueueUrl: urlOf(name) }
  }

  /** A dead-letter queue is made before who names it, and of the same kind. */
  function wrongRedrive(name: string, attributes: QueueAttributes): Refused | undefined {
    const { redrive } = settingsOf(attributes)
    if (redrive === undefined) return undefined
    const refused = (reason: string) => refusals.parameter('RedrivePolicy', attributes.RedrivePolicy, reason)
    const target = queues.find(redrive.queue)
    if (target === undefined) return refused('Dead letter target does not exist.')
    return target.queue.fifo === name.endsWith('.fifo')
      ? undefined
      : refused('Dead-letter queue must be same type of queue as the source.')
  }

  function list({ QueueNamePrefix = '', MaxResults, NextToken }: Fields): Answer {
    const names = queues
      .all()
      .map(({ queue }) => queue.name)
      .filter((name) => name.startsWith(String(QueueNamePrefix)) && name > String(NextToken ?? ''))
      .sort()
    const page = names.slice(0, Number(MaxResults ?? 1_000))
    const more = page.length < names.length && MaxResults !== undefined ? { NextToken: page.at(-1) } : {}
    return { QueueUrls: page.map(urlOf), ...more }
  }

  function attributesOf({ queue, createdAt, attributes }: KnownQueue, { AttributeNames }: Fields): Answer {
    const { visible, inFlight, delayed } = queue.counts(now())
    const all: QueueAttributes = {
      ...attributes,
      QueueArn: `arn:aws:sqs:${region}:${ACCOUNT}:${queue.name}`,
      CreatedTimestamp: String(Math.floor(createdAt / 1_000)),
      LastModifiedTimestamp: String(Math.floor(createdAt / 1_000)),
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(delayed),
    }
    const asked = Array.isArray(AttributeNames) ? AttributeNames.map(String) : []
    const unknown = asked.find((name) => name !== 'All' && !Object.hasOwn(all, name) && !(name in NEVER_SET))
    if (unknown !== undefined) return refusals.attribute(unknown)
    const isAsked = ([name]: [string, string]) => asked.includes('All') || asked.includes(name)
    return { Attributes: Object.fromEntries(Object.entries(all).filter(isAsked)) }
  }

  function taken(known: KnownQueue, input: Fields): Sent | Refused {
    const contentBased = known.attributes.ContentBasedDeduplication === 'true'
    return sentOf(input, { fifo: known.queue.fifo, contentBased, most: settingsOf(known.attributes).most })
  }

  function put(known: KnownQueue, sent: Sent, { DelaySeconds }: Fields): Fields {
    const { delay } = settingsOf(known.attributes)
    const { id, place } = known.queue.send(sent, now(), Number(DelaySeconds ?? delay))
    arrived(known.queue.name)
    const digest = md5Of(sent.attributes)
    return {
      MessageId: id,
      MD5OfMessageBody: md5(sent.body),
      ...(digest !== undefined && { MD5OfMessageAttributes: digest }),
      ...(known.queue.fifo && { SequenceNumber: String(place).padStart(20, '0') }),
    }
  }

  function send(known: KnownQueue, input: Fields): Answer {
    const sent = taken(known, input)
    return isRefused(sent) ? sent : put(known, sent, input)
  }

  /** One by one, in order; what is wrong with one is told beside the others. */
  function batch(perform: (known: KnownQueue, entry: Fields) => Answer): OfQueue {
    return (known, { Entries }) => {
      const entries: readonly Fields[] = Array.isArray(Entries) ? Entries.filter(isFields) : []
      if (entries.length === 0) return refusals.noEntries()
      if (entries.length > MOST_ENTRIES) return refusals.manyEntries()
      if (!entries.every(({ Id }) => ENTRY.test(String(Id)))) return refusals.entryId()
      if (new Set(entries.map(({ Id }) => Id)).size < entries.length) return refusals.entryIds()
      const Successful: Fields[] = []
      const Failed: Fields[] = []
      for (const entry of entries) {
        const { Id } = entry
        const answer = perform(known, entry)
        if (!isRefused(answer)) Successful.push({ Id, ...answer })
        else {
          const Code = answer.type.slice(answer.type.indexOf('#') + 1)
          Failed.push({ Id, Code, Message: answer.message, SenderFault: true })
        }
      }
      return { Successful, Failed }
    }
  }

  function sendBatch(known: KnownQueue, input: Fields): Answer {
    const entries: readonly unknown[] = Array.isArray(input.Entries) ? input.Entries : []
    const sum = entries.map(bytesOf).reduce((all, bytes) => all + bytes, 0)
    return sum > MOST_BYTES ? refusals.tooLong() : batch(send)(known, input)
  }

  function remove({ queue }: KnownQueue, { ReceiptHandle }: Fields): Answer {
    return queue.remove(String(ReceiptHandle)) ? {} : refusals.receipt()
  }

  function hide({ queue }: KnownQueue, { ReceiptHandle, VisibilityTimeout }: Fields): Answer {
    const seconds = Number(VisibilityTimeout)
    if (!(Number.isInteger(seconds) && seconds >= 0 && seconds <= 43_200))
      return refusals.invalid('VisibilityTimeout must be a number from 0 to 43200')
    if (!queue.hide(String(ReceiptHandle), now(), seconds)) return refusals.receipt()
    arrived(queue.name)
    return {}
  }

  const ofQueue = (perform: OfQueue) => (input: Fields) => {
    const known = queues.find(nameIn(input.QueueUrl))
    return known === undefined ? refusals.noQueue() : perform(known, input)
  }

  return {
    CreateQueue: create,
    ListQueues: list,
    GetQueueUrl: ({ QueueName }: Fields) => {
      const known = queues.find(String(QueueName))
      return known === undefined ? refusals.noQueue() : { QueueUrl: urlOf(known.queue.name) }
    },
    GetQueueAttributes: ofQueue(attributesOf),
    SetQueueAttributes: ofQueue((known, { Attributes }) => {
      const attributes = attributesIn(Attributes, known.attributes)
      if (isRefused(attributes)) return attributes
      const isAsked = isFields(Attributes) && 'RedrivePolicy' in Attributes
      const refused = isAsked ? wrongRedrive(known.queue.name, attributes) : undefined
      if (refused !== undefined) return refused
      queues.change(known, attributes)
      return {}
    }),
    DeleteQueue: ofQueue((known) => {
      queues.remove(known)
      return {}
    }),
    PurgeQueue: ofQueue(({ queue }) => {
      queue.purge()
      return {}
    }),
    SendMessage: ofQueue(send),
    SendMessageBatch: ofQueue(sendBatch),
    DeleteMessage: ofQueue(remove),
    DeleteMessageBatch: ofQueue(batch(remove)),
    ChangeMessageVisibility: ofQueue(hide),
    ChangeMessageVisibilityBatch: ofQueue(batch(hide)),
  } satisfies Readonly<Record<string, (input: Fields) => Answer>>
}

/** What a queue has only if somebody gave it; who asks for it gets nothing. */
const NEVER_SET: Readonly<Record<string, true>> = {
  ContentBasedDeduplication: true,
  FifoQueue: true,
  KmsMasterKeyId: true,
  Policy: true,
  RedriveAllowPolicy: true,
  RedrivePolicy: true,
  SqsManagedSseEnabled: true,
}

function bytesOf(entry: unknown): number {
  const { MessageBody, MessageAttributes } = isFields(entry) ? entry : {}
  const attributes = isFields(MessageAttributes) ? MessageAttributes : {}
  // Attributes that are none are refused one by one.
  return sizeOf({ body: String(MessageBody), attributes: attributes as Sent['attributes'] })
}

/** A message as ReceiveMessage gives it. */
export function shown(message: Received, input: Fields): Fields {
  const digest = md5Of(message.attributes)
  const system: Readonly<Record<string, string | undefined>> = {
    SenderId: ACCOUNT,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    MessageGroupId: message.group,
    MessageDeduplicationId: message.deduplication,
    SequenceNumber: message.group === undefined ? undefined : String(message.place).padStart(20, '0'),
  }
  const systemAsked = namesOf(input.MessageSystemAttributeNames, input.AttributeNames)
  const asked = namesOf(input.MessageAttributeNames)
  const attributes = Object.entries(message.attributes).filter(([name]) => isNamed(asked, name))
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt,
    Body: message.body,
    MD5OfBody: md5(message.body),
    ...(systemAsked.length > 0 && {
      Attributes: Object.fromEntries(
        Object.entries(system).filter(([name, value]) => value !== undefined && isNamed(systemAsked, name)),
      ),
    }),
    ...(attributes.length > 0 && {
      MessageAttributes: Object.fromEntries(attributes),
      MD5OfMessageAttributes: digest,
    }),
  }
}

function namesOf(...lists: readonly unknown[]): readonly string[] {
  return lists.flatMap((list) => (Array.isArray(list) ? list.map(String) : []))
}

/** `All`, the name, or the beginning of names: `trace.*`. */
function isNamed(asked: readonly string[], name: string): boolean {
  return asked.some(
    (each) => each === 'All' || each === name || (each.endsWith('.*') && name.startsWith(each.slice(0, -1))),
  )
}
