import { GetRecordsCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { expect, test } from 'vitest'
import { refusal } from '../../test/pods.ts'
import { checkStream } from './check.ts'

const StreamDescriptionSummary = {
  StreamARN: 'arn:aws:kinesis:eu-west-1:123456789012:stream/cdc',
  StreamCreationTimestamp: new Date(1_000),
}

const clientThat = (refuses: string): KinesisClient => {
  const send = async (command: unknown) => {
    if (command instanceof GetRecordsCommand) throw refusal(refuses)
    return {
      StreamDescriptionSummary,
      Shards: [{ ShardId: 'shardId-000000000000' }],
      ShardIterator: 'i',
    }
  }
  // Only `send` is used.
  return { send } as unknown as KinesisClient
}

test('an iterator that expires before it is used, or a shard that does, keeps no worker from starting', async () => {
  await checkStream(clientThat('ExpiredIteratorException'), 'cdc', Math.random)
  await checkStream(clientThat('ResourceNotFoundException'), 'cdc', Math.random)
  await expect(checkStream(clientThat('AccessDeniedException'), 'cdc', Math.random)).rejects.toThrow(
    /kinesis:GetRecords/,
  )
})

test('what is well says which stream it is', async () => {
  const client = clientThat('ExpiredIteratorException')
  expect(await checkStream(client, 'cdc', Math.random)).toBe('123456789012:cdc:1')
})

test('nor does a shard that others read at the same moment: what is throttled is allowed', async () => {
  await checkStream(clientThat('ProvisionedThroughputExceededException'), 'cdc', Math.random)
})

test('a fleet that starts at one moment asks different shards', async () => {
  const asked = new Set<unknown>()
  const shards = Array.from({ length: 100 }, (_, n) => ({ ShardId: `shardId-${n}` }))
  const send = async ({ input }: { readonly input: Readonly<Record<string, unknown>> }) => {
    if (input.ShardId !== undefined) asked.add(input.ShardId)
    return { StreamDescriptionSummary, Shards: shards, ShardIterator: 'i' }
  }
  for (let n = 0; n < 10; n += 1)
    // Only `send` is used.
    await checkStream({ send } as unknown as KinesisClient, 'cdc', () => n / 10)
  expect(asked.size).toBe(10)
})
