/**
 * Owns dead letters in S3: one object each. Beside the table of `../aws/errors.ts`, which says it of all of AWS:
 *
 * | S3 says                                        | is                                                                  |
 * |------------------------------------------------|---------------------------------------------------------------------|
 * | 412, as a letter is put                         | done: it is there, and the first one stays                          |
 * | 409 `ConditionalRequestConflict`                | an outage: somebody removes it at this moment                       |
 * | `NoSuchKey`                                     | there is no such letter                                             |
 * | `NoSuchBucket`                                  | set-up `not-found`: the bucket                                      |
 */

import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { bare, check, type ShapesOf, text } from '@spaceship/core/adapter'
import type { DeadLetter, DeadLetters } from '@spaceship/core/ports'
import { nameOf as errorName } from '../aws/index.ts'
import { bytesOf, folderOf, letterIn, nameOf, readAhead } from '../letters/index.ts'
import { answered, BUCKET, type BucketOptions } from './bucket.ts'

export interface S3DeadLettersOptions extends BucketOptions {
  /** Before every key, to share a bucket. @default 'dead-letters/' */
  readonly prefix?: string
}

export const S3_DEAD_LETTERS = {
  options: bare({ ...BUCKET, prefix: text('what keys begin with') } satisfies ShapesOf<S3DeadLettersOptions>),
}

/** A record of Kinesis has up to 10 MiB. */
const LARGEST = 10 * 1024 * 1024

/** No object has it: a put under this condition writes nothing, and is refused otherwise only where it would always be. */
const NO_ETAG = '"00000000000000000000000000000000"'

/**
 * DeadLetters in a bucket, for many and large ones. Grant PutObject on the prefix to who writes them; GetObject, DeleteObject and ListBucket to
 * who reads and redrives. They are listed by the names of reactors and routes; S3's own time says when each was written.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { S3Client } from '@aws-sdk/client-s3'
 * const deadLetters = s3DeadLetters({ client: new S3Client(), bucket: 'onboarding-letters' })
 */
export function s3DeadLetters(options: S3DeadLettersOptions): DeadLetters {
  check('s3DeadLetters', S3_DEAD_LETTERS, { options })
  const { client, bucket: Bucket, prefix = 'dead-letters/' } = options
  const keyOf = (id: string) => `${prefix}${nameOf(id)}`
  const ask = answered(Bucket)

  async function read(Key: string): Promise<DeadLetter | undefined> {
    try {
      const { Body } = await ask('GetObject', client.send(new GetObjectCommand({ Bucket, Key })))
      // A body breaks off like an answer does.
      const bytes = await ask('GetObject', Body?.transformToByteArray() ?? Promise.resolve(new Uint8Array()))
      return letterIn(bytes, Key)
    } catch (error) {
      if (errorName(error) === 'NoSuchKey') return undefined
      throw error
    }
  }

  /** One page after the other, in the order of their keys. */
  async function* objectsUnder(
    Prefix: string,
  ): AsyncGenerator<{ readonly key: string; readonly size: number }> {
    let ContinuationToken: string | undefined
    do {
      const more = ContinuationToken === undefined ? {} : { ContinuationToken }
      const command = new ListObjectsV2Command({ Bucket, Prefix, ...more })
      const page = await ask('ListBucket', client.send(command))
      // S3 says how large an object is; what does not is read as if it were as large as a letter gets.
      for (const { Key, Size } of page.Contents ?? [])
        if (Key !== undefined) yield { key: Key, size: Size ?? LARGEST }
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken !== undefined)
  }

  return {
    put: async (letter) => {
      const Body = bytesOf(letter)
      const command = new PutObjectCommand({ Bucket, Key: keyOf(letter.id), Body, IfNoneMatch: '*' })
      try {
        await ask('PutObject', client.send(command))
      } catch (error) {
        if (errorName(error) !== 'PreconditionFailed') throw error
      }
    },
    get: (id) => read(keyOf(id)),
    remove: async (id) =>
      void (await ask('DeleteObject', client.send(new DeleteObjectCommand({ Bucket, Key: keyOf(id) })))),
    list: async function* (application) {
      const objects = objectsUnder(`${prefix}${folderOf(application)}`)
      // It may be removed before it is read.
      for await (const letter of readAhead(objects, {
        read: ({ key }) => read(key),
        bytesOf: ({ size }) => size,
      }))
        if (letter !== undefined) yield letter
    },
    check: async () => {
      const command = new PutObjectCommand({ Bucket, Key: `${prefix}check`, Body: 'check', IfMatch: NO_ETAG })
      try {
        await ask('PutObject', client.send(command))
      } catch (error) {
        if (!['PreconditionFailed', 'NoSuchKey'].includes(errorName(error))) throw error
      }
      return undefined
    },
  }
}
