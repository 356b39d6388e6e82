/** Owns the SQS endpoint: its wire, and the wait of those who receive. */

import { type Clock, systemClock } from '@spaceship/core/ports'
import { NO_SHELF, type Shelf } from '../data/index.ts'
import {
  type AwsAnswer,
  type Fields,
  fieldsOf,
  JSON_TYPE,
  type Reply,
  type Request,
  serve,
  targetOf,
} from '../http/index.ts'
import { isRefused, type Sent } from './message.ts'
import { ACCOUNT, nameIn, operationsOf, shown } from './operations.ts'
import { createQueues, type KnownQueue } from './queues.ts'
import { type Refused, refusals } from './refusal.ts'
import { settingsOf } from './settings.ts'

export interface SqsOptions {
  /** @default chosen by the system */
  readonly port?: number
  /** @default 'us-east-1' */
  readonly region?: string
  /** Keeps queues and messages. @default they are gone with the process */
  readonly shelf?: Shelf
  /** @default the system's clock */
  readonly clock?: Pick<Clock, 'now' | 'sleep'>
}

/** A message that nobody has deleted. */
export interface SqsMessage {
  readonly body: string
  /** The values of its attributes. */
  readonly attributes: Readonly<Record<string, string>>
  /** Of a FIFO queue. */
  readonly group: string | undefined
}

export interface Sqs extends AsyncDisposable {
  readonly url: string
  /** What lies in a queue, the earliest first; undefined if there is no such queue. */
  messages(queue: string): readonly SqsMessage[] | undefined
  close(): Promise<void>
}

/** What the ship does with it beside. */
export interface EmbeddedSqs extends Sqs {
  /** SendMessage from inside the process. @param queue its name or URL */
  deliver(queue: string, input: Fields): AwsAnswer
}

/**
 * SQS on this machine, for its official client: standard and FIFO queues, visibility, delays, long polls, dead-letter queues.
 *
 * @throws SpaceshipError `local-port` if the port is taken
 */
export async function startSqs({
  port,
  region = 'us-east-1',
  shelf = NO_SHELF,
  clock = systemClock,
}: SqsOptions = {}): Promise<EmbeddedSqs> {
  const queues = createQueues(shelf)
  const closing = new AbortController()
  /** Of those who wait for a message, by the queue's name. */
  const waiters = new Map<string, Set<() => void>>()
  const arrived = (name: string) => {
    for (const wake of waiters.get(name) ?? []) wake()
  }
  const urlOf = (name: string) => `${server.url}/${ACCOUNT}/${name}`
  const operations = operationsOf({ queues, now: clock.now, urlOf, region, arrived })
  const named: Readonly<Record<string, (input: Fields) => Fields | Refused>> = operations

  async function receive(known: KnownQueue, input: Fields): Promise<Fields | Refused> {
    const settings = settingsOf(known.attributes)
    const most = Number(input.MaxNumberOfMessages ?? 1)
    const wait = Number(input.WaitTimeSeconds ?? settings.wait)
    const visibility = Number(input.VisibilityTimeout ?? settings.visibility)
    if (!(Number.isInteger(most) && most >= 1 && most <= 10))
      return refusals.invalid('MaxNumberOfMessages must be a number from 1 to 10')
    if (!(wait >= 0 && wait <= 20)) return refusals.invalid('WaitTimeSeconds must be a number from 0 to 20')
    if (!(visibility >= 0 && visibility <= 43_200))
      return refusals.invalid('VisibilityTimeout must be a number from 0 to 43200')
    const until = clock.now() + wait * 1_000
    for (;;) {
      const now = clock.now()
      // A dead-letter queue that was deleted takes nothing: messages stay where they are.
      const redrive = queues.find(settings.redrive?.queue ?? '') && settings.redrive
      const found = known.queue.receive(
        most,
        { now, visibility, settings: { ...settings, redrive } },
        (message) => {
          const to = redrive?.queue ?? ''
          queues.move(message, to, now)
          arrived(to)
        },
      )
      if (found.length > 0) return { Messages: found.map((message) => shown(message, input)) }
      if (now >= until || closing.signal.aborted) return {}
      await somethingIn(known, Math.min(until, known.queue.nextVisible(now) ?? until) - now)
    }
  }

  /** Resolves when something has come into a queue, or the time is over. */
  async function somethingIn({ queue }: KnownQueue, ms: number): Promise<void> {
    const over = new AbortController()
    const waiting = waiters.get(queue.name) ?? new Set()
    waiters.set(queue.name, waiting)
    await new Promise<void>((resolve) => {
      const wake = () => {
        waiting.delete(wake)
        over.abort()
        resolve()
      }
      waiting.add(wake)
      void clock.sleep(ms, AbortSignal.any([over.signal, closing.signal])).then(wake)
    })
  }

  async function answer(request: Request): Promise<Fields | Refused> {
    const { service, operation } = targetOf(request)
    const input = fieldsOf(request.body)
    if (input === undefined) return refusals.body()
    if (service !== 'AmazonSQS') return refusals.unknown(operation)
    if (operation === 'ReceiveMessage') {
      const known = queues.find(nameIn(input.QueueUrl))
      return known === undefined ? refusals.noQueue() : receive(known, input)
    }
    const perform = Object.hasOwn(named, operation) ? named[operation] : undefined
    return perform === undefined ? refusals.unknown(operation) : perform(input)
  }

  const server = await serve(
    async (request): Promise<Reply> => {
      const output = await answer(request)
      const headers = { 'content-type': JSON_TYPE }
      if (!isRefused(output)) return { status: 200, headers, body: JSON.stringify(output) }
      const { type, message, query } = output
      return {
        status: 400,
        headers: { ...headers, 'x-amzn-query-error': `${query};Sender` },
        body: JSON.stringify({ __type: type, message }),
      }
    },
    port === undefined ? {} : { port },
  )
  const close = () => {
    closing.abort()
    return server.close()
  }
  return {
    url: server.url,
    messages: (name) => queues.find(name)?.queue.messages.map(plainly),
    deliver: (name, input) => {
      const output = operations.SendMessage({ ...input, QueueUrl: name })
      if (!isRefused(output)) return { ok: true, output }
      const error = output.type.slice(output.type.indexOf('#') + 1)
      return { ok: false, error, message: output.message, fields: {} }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function plainly({ body, attributes, group }: Sent): SqsMessage {
  const values = Object.entries(attributes).map(([name, { StringValue, BinaryValue = '' }]) => [
    name,
    StringValue ?? BinaryValue,
  ])
  return { body, attributes: Object.fromEntries(values), group }
}
