/** Owns the SNS endpoint: what each action does. */

import { NO_SHELF, type Shelf } from '../data/index.ts'
import { type Element, type Reply, type Request, serve } from '../http/index.ts'
import { invalid, isRefused, listOf, pairsOf, publicationIn, type Refused, refusal, result } from './form.ts'
import {
  createTopics,
  type Deliver,
  type Publication,
  publish,
  type SnsMessage,
  type Subscription,
  type Topic,
} from './topics.ts'

export interface SnsOptions {
  /** @default chosen by the system */
  readonly port?: number
  /** @default 'us-east-1' */
  readonly region?: string
  /** Keeps topics and subscriptions. @default they are gone with the process */
  readonly shelf?: Shelf
  /** Gives a queue what it has subscribed to. */
  readonly deliver: Deliver
  /** Milliseconds since 1970. @default the system's clock */
  readonly now?: () => number
}

export interface Sns extends AsyncDisposable {
  readonly url: string
  /** What was published in this process, the earliest first. */
  readonly messages: readonly SnsMessage[]
  close(): Promise<void>
}

const ACCOUNT = '000000000000'
const NAME = /^(?:[\w-]{1,256}|[\w-]{1,251}\.fifo)$/
const ENTRY = /^[\w-]{1,80}$/
const MOST_BYTES = 262_144
const MOST_ENTRIES = 10
/** How long a FIFO topic knows a message, in milliseconds. */
const KNOWN_FOR = 300_000

/**
 * SNS on this machine, for its official client: standard and FIFO topics, to which queues of the embedded SQS subscribe. Filter policies and
 * other protocols are refused.
 *
 * @throws SpaceshipError `local-port` if the port is taken
 */
export async function startSns({
  port,
  region = 'us-east-1',
  shelf = NO_SHELF,
  deliver,
  now = Date.now,
}: SnsOptions): Promise<Sns> {
  const topics = createTopics(shelf)
  const messages: SnsMessage[] = []
  const known = new Map<string, { readonly id: string; readonly until: number }>()

  function publishOne(topic: Topic, publication: Publication): string {
    const { text, attributes, group, deduplication } = publication
    const name = group === undefined ? undefined : `${topic.arn}#${deduplication}`
    const before = name === undefined ? undefined : known.get(name)
    if (before !== undefined && before.until > now()) return before.id
    const values = Object.entries(attributes).map(([key, { StringValue, BinaryValue = '' }]) => [
      key,
      StringValue ?? BinaryValue,
    ])
    messages.push({ topicArn: topic.arn, text, attributes: Object.fromEntries(values), group })
    const id = publish(topic, publication, deliver, now())
    if (name !== undefined) remember(name, id)
    return id
  }

  function remember(name: string, id: string): void {
    for (const [old, { until }] of known) {
      if (until > now()) break
      known.delete(old)
    }
    known.delete(name)
    known.set(name, { id, until: now() + KNOWN_FOR })
  }

  const rulesOf = (topic: Topic) => ({
    fifo: topic.arn.endsWith('.fifo'),
    contentBased: topic.contentBased,
    most: MOST_BYTES,
  })

  function publishBatch(topic: Topic, form: URLSearchParams): Element | Refused {
    const entries = listOf(form, 'PublishBatchRequestEntries')
    if (entries.length === 0)
      return { code: 'EmptyBatchRequest', message: 'The batch request does not contain any entries.' }
    if (entries.length > MOST_ENTRIES)
      return {
        code: 'TooManyEntriesInBatchRequest',
        message: 'The batch request contains more entries than permissible.',
      }
    const ids = entries.map((entry) => entry.get('Id') ?? '')
    if (!ids.every((id) => ENTRY.test(id)))
      return {
        code: 'InvalidBatchEntryId',
        message: "The Id of a batch entry in a batch request doesn't abide by the specification.",
      }
    if (new Set(ids).size < ids.length)
      return {
        code: 'BatchEntryIdsNotDistinct',
        message: 'Two or more batch entries in the request have the same Id.',
      }
    const read = entries.map((entry) =>
      publicationIn(entry, { ...rulesOf(topic), most: Number.POSITIVE_INFINITY }),
    )
    const sum = entries.reduce((all, entry) => all + Buffer.byteLength(entry.get('Message') ?? ''), 0)
    if (sum > MOST_BYTES)
      return {
        code: 'BatchRequestTooLong',
        message: 'The length of all the messages put together is more than the limit.',
      }
    const Successful: Element[] = []
    const Failed: Element[] = []
    for (const [at, entry] of entries.entries()) {
      const Id = entry.get('Id') ?? ''
      const publication = read[at] ?? invalid('no entry')
      if (isRefused(publication))
        Failed.push({ Id, Code: publication.code, Message: publication.message, SenderFault: true })
      else Successful.push({ Id, MessageId: publishOne(topic, publication) })
    }
    return { Successful: { member: Successful }, Failed: { member: Failed } }
  }

  function create(form: URLSearchParams): Element | Refused {
    const name = form.get('Name') ?? ''
    const { FifoTopic, ContentBasedDeduplication, ...others } = pairsOf(form, 'Attributes')
    if (!NAME.test(name)) return invalid('Invalid parameter: Topic Name')
    if (name.endsWith('.fifo') !== (FifoTopic === 'true'))
      return invalid(
        "Invalid parameter: a FIFO topic's name ends with .fifo, and its attribute FifoTopic is true",
      )
    const [other] = Object.keys(others)
    if (other !== undefined) return invalid(`Invalid parameter: the embedded SNS knows no attribute ${other}`)
    const arn = `arn:aws:sns:${region}:${ACCOUNT}:${name}`
    if (topics.find(arn) === undefined)
      topics.set({ arn, contentBased: ContentBasedDeduplication === 'true', subscriptions: [] })
    return { TopicArn: arn }
  }

  function subscribe(topic: Topic, form: URLSearchParams): Element | Refused {
    const [protocol, queue = ''] = [form.get('Protocol'), form.get('Endpoint') ?? undefined]
    const { RawMessageDelivery = 'false', ...others } = pairsOf(form, 'Attributes')
    if (protocol !== 'sqs' || !/^arn:[^:]+:sqs:/.test(queue))
      return invalid(
        'Invalid parameter: the embedded SNS delivers to queues: Protocol sqs, and an ARN as Endpoint',
      )
    const [other] = Object.keys(others)
    if (other !== undefined) return invalid(`Invalid parameter: the embedded SNS does not support ${other}`)
    if (queue.endsWith('.fifo') && !topic.arn.endsWith('.fifo'))
      return invalid(
        'Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
      )
    const before = topic.subscriptions.find((each) => each.queue === queue)
    if (before !== undefined) return { SubscriptionArn: before.arn }
    const arn = `${topic.arn}:${crypto.randomUUID()}`
    topics.set({
      ...topic,
      subscriptions: [...topic.subscriptions, { arn, queue, raw: RawMessageDelivery === 'true' }],
    })
    return { SubscriptionArn: arn }
  }

  function unsubscribe(form: URLSearchParams): Element {
    const arn = form.get('SubscriptionArn') ?? ''
    const topic = topics.withSubscription(arn)
    if (topic !== undefined)
      topics.set({ ...topic, subscriptions: topic.subscriptions.filter((each) => each.arn !== arn) })
    return {}
  }

  const subscriptionsOf = (topic: Topic) => ({
    Subscriptions: { member: topic.subscriptions.map((each) => shownSubscription(topic, each)) },
  })

  const ofTopic =
    (perform: (topic: Topic, form: URLSearchParams) => Element | Refused) => (form: URLSearchParams) => {
      const topic = topics.find(form.get('TopicArn') ?? '')
      return topic === undefined
        ? { code: 'NotFound', message: 'Topic does not exist', status: 404 }
        : perform(topic, form)
    }

  const actions: Readonly<Record<string, (form: URLSearchParams) => Element | Refused>> = {
    CreateTopic: create,
    DeleteTopic: (form) => {
      topics.remove(form.get('TopicArn') ?? '')
      return {}
    },
    ListTopics: () => ({ Topics: { member: topics.all().map(({ arn }) => ({ TopicArn: arn })) } }),
    Subscribe: ofTopic(subscribe),
    Unsubscribe: unsubscribe,
    ListSubscriptionsByTopic: ofTopic(subscriptionsOf),
    Publish: ofTopic((topic, form) => {
      const publication = publicationIn(form, rulesOf(topic))
      return isRefused(publication) ? publication : { MessageId: publishOne(topic, publication) }
    }),
    PublishBatch: ofTopic(publishBatch),
  }

  const server = await serve(
    (request: Request): Reply => {
      const form = new URLSearchParams(request.body.toString('utf8'))
      const action = form.get('Action') ?? ''
      const perform = Object.hasOwn(actions, action) ? actions[action] : undefined
      if (perform === undefined)
        return refusal({ code: 'InvalidAction', message: `The embedded SNS has no action '${action}'.` })
      const output = perform(form)
      return typeof output === 'object' && isRefused(output) ? refusal(output) : result(action, output)
    },
    port === undefined ? {} : { port },
  )
  const close = () => server.close()
  return { url: server.url, messages, close, [Symbol.asyncDispose]: close }
}

function shownSubscription({ arn: TopicArn }: Topic, { arn, queue }: Subscription): Element {
  return { TopicArn, Protocol: 'sqs', SubscriptionArn: arn, Owner: ACCOUNT, Endpoint: queue }
}
