import { sha256 } from '@spaceship/core/adapter'

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html */
const LONGEST = 256

/**
 * A partition key that Kinesis takes: what has 1 to 256 characters stays as it is. Another becomes its digest, the same each time,
 * so that its records stay on one shard and in order: a key of DynamoDB may have 2,048 bytes.
 */
export function partitionKeyFor(key: string): string {
  return key.length > 0 && key.length <= LONGEST ? key : digestOf(key)
}

/** What stands for a text that a service does not take, the same each time. */
export function digestOf(text: string): string {
  return `sha256-${sha256(text, 'hex')}`
}
