import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis'
import { type LaunchOptions, launch } from '../src/index.ts'
import { emulators } from './emulators.ts'

/** What a change record holds, as far as the tests look. */
export interface ChangeRecord {
  awsRegion: string
  eventID: string
  eventName: 'INSERT' | 'MODIFY' | 'REMOVE'
  userIdentity: null | { type: string; principalId: string }
  recordFormat: string
  tableName: string
  eventSource: string
  dynamodb: {
    ApproximateCreationDateTime: number
    ApproximateCreationDateTimePrecision: string
    Keys: Record<string, { S?: string; N?: string }>
    NewImage?: Record<string, unknown>
    OldImage?: Record<string, unknown>
    SizeBytes: number
  }
}

/** A spaceship with the SDK's clients in their default configuration. */
export async function fly(options: LaunchOptions) {
  const ship = await launch({ emulators, ...options })
  const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  const kinesis = new KinesisClient(ship.clientConfig('kinesis'))

  const recordsOf = async (stream: string) => {
    const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: stream }))
    const all: { key: string | undefined; change: ChangeRecord }[] = []
    for (const { ShardId } of Shards) {
      const start = { StreamName: stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const }
      const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(start))
      const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
      for (const { PartitionKey, Data } of Records) {
        all.push({ key: PartitionKey, change: JSON.parse(new TextDecoder().decode(Data)) })
      }
    }
    return all
  }
  const close = async () => {
    dynamodb.destroy()
    kinesis.destroy()
    await ship.close()
  }
  return {
    ship,
    dynamodb,
    kinesis,
    recordsOf,
    /** Everything that has been captured for the stream, in its order. */
    changesOf: async (stream: string) => {
      await ship.settled()
      return (await recordsOf(stream)).map(({ change }) => change)
    },
    [Symbol.asyncDispose]: close,
  }
}
