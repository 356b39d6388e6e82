/**
 * Owns dead letters that a queue announces: what Lambda's on-failure destination does for a batch, for each letter.
 *
 * A queue alone keeps no letters: it finds none by its id, shows one to a single reader at a time, and forgets all after 14 days. So a store
 * keeps them, and the queue gets a notice of each for whoever is to act: a person, an alarm on the queue's depth, a function.
 *
 * | what fails                                   | then                                                                     |
 * |----------------------------------------------|--------------------------------------------------------------------------|
 * | the store                                    | nothing is announced; the engine puts the letter again                   |
 * | the queue, after the store has the letter    | the engine puts the letter again: the store keeps the first, and the     |
 * |                                              | notice goes out, perhaps twice                                           |
 * | the notice, as one that the queue never takes | does not happen: a notice holds no data, and words of bounded length     |
 */

import type { SQSClient } from '@aws-sdk/client-sqs'
import { bare, check, exactJson, port, required, type ShapesOf } from '@spaceship/core/adapter'
import type { DeadLetter, DeadLetters } from '@spaceship/core/ports'
import { client as sdk } from '../aws/index.ts'
import { queueUrl, sqsSink } from './sink.ts'

export interface SqsDeadLettersOptions {
  /** It retries throttling and outages by itself, as it is configured. */
  readonly client: SQSClient
  /** The URL of the queue that gets a notice of each letter. */
  readonly queueUrl: string
  /** Keeps the letters: `s3DeadLetters` or `dynamodbDeadLetters`, for instance. */
  readonly store: DeadLetters
}

export const SQS_DEAD_LETTERS = {
  options: bare({
    client: required(sdk('SQSClient')),
    queueUrl,
    store: required(port('list', 'a DeadLetters that keeps the letters, for instance s3DeadLetters(...)')),
  } satisfies ShapesOf<SqsDeadLettersOptions>),
}

/** Words of a letter in its notice, at most. */
const MOST_WORDS = 2_000

/**
 * DeadLetters in a store, with a notice of each on a queue: JSON with the letter's id, route, reason, detail and position, without the record
 * and its key. A notice may come twice. Grant SendMessage on the queue, and what the store needs.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { S3Client } from '@aws-sdk/client-s3'
 * import { SQSClient } from '@aws-sdk/client-sqs'
 * const deadLetters = sqsDeadLetters({
 *   client: new SQSClient(),
 *   queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/onboarding-letters',
 *   store: s3DeadLetters({ client: new S3Client(), bucket: 'onboarding-letters' }),
 * })
 */
export function sqsDeadLetters(options: SqsDeadLettersOptions): DeadLetters {
  check('sqsDeadLetters', SQS_DEAD_LETTERS, { options })
  const { client, queueUrl, store } = options
  const notices = sqsSink({ client, queueUrl })
  return {
    put: async (letter) => {
      await store.put(letter)
      const { application, reactor = '-', route = '-' } = letter
      // A FIFO queue drops what comes under the same id within minutes: a letter whose redrive has failed is told again.
      const id = `${letter.id}/${letter.at.toISOString()}`
      const data = Buffer.from(noticeOf(letter))
      await notices.put([{ partitionKey: `${application}/${reactor}/${route}`, data, id }])
    },
    get: (id) => store.get(id),
    remove: (id) => store.remove(id),
    list: (application) => store.list(application),
    check: async () => store.check?.(),
  }
}

/** What may hold somebody's data stays in the store: the record, its key and its lane. */
function noticeOf({ data, at, detail, partitionKey: _, lane: __, ...letter }: DeadLetter): string {
  const notice = { ...letter, detail: detail.slice(0, MOST_WORDS), at: at.toISOString(), bytes: data.length }
  return exactJson(notice, `the notice of the letter '${letter.id}'`)
}
