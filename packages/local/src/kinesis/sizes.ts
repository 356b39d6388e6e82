import { type AwsFault, type Fields, isFields } from '../http/index.ts'
import { bytesOf } from './records.ts'
import type { Stage } from './stage.ts'
import { streamIn } from './stream.ts'

const MIB = 1024 * 1024
/** What AWS takes in one PutRecords, partition keys included. */
const LARGEST_REQUEST = 10 * MIB
/** Beyond any call that AWS takes: 10 MiB in Base64, and the rest of the call. */
export const LARGEST_BODY = 16 * MIB

/**
 * What AWS answers to records that are larger than their stream takes, or too large together.
 *
 * @param at names a record's data in messages
 */
export async function tooLarge(
  { call }: Stage,
  input: Fields,
  records: readonly unknown[],
  at: (index: number) => string,
): Promise<AwsFault | undefined> {
  const sizes = records.map(bytesOf)
  // Every stream takes a record of 1 MiB: only a larger one needs to know its stream.
  if (sizes.every((size) => size <= MIB)) return together(sizes)
  const answer = await call('DescribeStream', { StreamName: input.StreamName })
  if (!answer.ok) return { type: answer.error, message: answer.message }
  const { largestRecord } = streamIn(answer.output)
  const index = sizes.findIndex((size) => size > largestRecord)
  if (index === -1) return together(sizes)
  return dataOf(records[index]) > largestRecord
    ? {
        type: 'ValidationException',
        message: `1 validation error detected: Value at '${at(index)}' failed to satisfy constraint: Member must have length less than or equal to ${largestRecord}`,
      }
    : {
        type: 'InvalidArgumentException',
        message: `The data and the partition key of a record have ${sizes[index]} bytes together: expected at most ${largestRecord}.`,
      }
}

function together(sizes: readonly number[]): AwsFault | undefined {
  if (sizes.length < 2 || sizes.reduce((sum, size) => sum + size, 0) <= LARGEST_REQUEST) return undefined
  return { type: 'InvalidArgumentException', message: 'Records size exceeds 10 MB limit' }
}

function dataOf(record: unknown): number {
  const data = isFields(record) ? record.Data : undefined
  return typeof data === 'string' ? Buffer.byteLength(data, 'base64') : 0
}
