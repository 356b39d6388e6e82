/** Owns what all requests to a bucket have in common. */

import type { S3Client } from '@aws-sdk/client-s3'
import { required, text } from '@spaceship/core/adapter'
import { classified, client } from '../aws/index.ts'

export interface BucketOptions {
  /** It retries throttling and outages by itself, as it is configured. */
  readonly client: S3Client
  /** The name of the bucket. */
  readonly bucket: string
}

export const BUCKET = { client: required(client('S3Client')), bucket: required(text('the name of a bucket')) }

type Operation = 'PutObject' | 'GetObject' | 'DeleteObject' | 'ListBucket'

/** Awaits a request to a bucket. @throws Unavailable for an outage or a wrong set-up, Permanent for a mistake in the request */
export function answered(bucket: string) {
  return async <T>(operation: Operation, request: Promise<T>): Promise<T> => {
    try {
      return await request
    } catch (error) {
      throw classified(
        { dependency: 's3', resource: `bucket '${bucket}'`, actions: [`s3:${operation}`] },
        error,
      )
    }
  }
}
