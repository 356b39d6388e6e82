import { GetRecordsCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { expect, test } from 'vitest'
import { refusal } from '../../test/pods.ts'
import { checkStream } from './check.ts'

const clientThat = (refuses: string): KinesisClient => {
  const send = async (command: unknown) => {
    if (command instanceof GetRecordsCommand) throw refusal(refuses)
    return { Shards: [{ ShardId: 'shardId-000000000000' }], ShardIterator: 'i' }
  }
  // Only `send` is used.
  return { send } as unknown as KinesisClient
}

test('an iterator that expires before it is used, or a shard that does, keeps no worker from starting', async () => {
  await checkStream(clientThat('ExpiredIteratorException'), 'cdc')
  await checkStream(clientThat('ResourceNotFoundException'), 'cdc')
  await expect(checkStream(clientThat('AccessDeniedException'), 'cdc')).rejects.toThrow(/kinesis:GetRecords/)
})
