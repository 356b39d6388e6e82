import { setImmediate as turn } from 'node:timers/promises'
import {
  CreateStreamCommand,
  type CreateStreamCommandInput,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  KinesisClient,
  ListShardsCommand,
  type ListShardsCommandInput,
  MergeShardsCommand,
  PutRecordCommand,
  type Shard,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import { faultSource } from '../src/faults/index.ts'
import { startKinesis } from '../src/kinesis/index.ts'

export const FIRST_SHARD = 'shardId-000000000000'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (data: Uint8Array | undefined): string => new TextDecoder().decode(data)

/** Resolves once the clock says another time than now: what happens then has a time of its own. */
export async function nextMillisecond(): Promise<void> {
  const now = Date.now()
  while (Date.now() === now) await turn()
}

/** The endpoint with the official client, which tries each call once. Its calls are about the stream 's' unless they name another one. */
export async function kinesisRig(options: Partial<Parameters<typeof startKinesis>[0]> = {}) {
  const source = faultSource(1)
  const local = await startKinesis({ faults: source, ...options })
  const client = new KinesisClient({
    endpoint: local.url,
    region: options.region ?? 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  })
  const create = (input: Partial<CreateStreamCommandInput> = { ShardCount: 1 }) =>
    client.send(new CreateStreamCommand({ StreamName: 's', ...input }))
  const put = (text: string, more: { ExplicitHashKey?: string; PartitionKey?: string } = {}) =>
    client.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'p', Data: bytes(text), ...more }))
  const iterator = async (more: Partial<GetShardIteratorCommandInput> = {}) => {
    const input = { StreamName: 's', ShardId: FIRST_SHARD, ShardIteratorType: 'TRIM_HORIZON' as const }
    return (await client.send(new GetShardIteratorCommand({ ...input, ...more }))).ShardIterator
  }
  const get = (ShardIterator: string | undefined, Limit?: number) =>
    client.send(new GetRecordsCommand({ ShardIterator, ...(Limit !== undefined && { Limit }) }))
  const shards = async (more: Partial<ListShardsCommandInput> = {}): Promise<Shard[]> => {
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: 's', ...more }))
    return Shards
  }
  /** All that a closed shard holds, and the answer at its end. */
  const drain = async (ShardId: string | undefined) => {
    const texts: string[] = []
    let page: GetRecordsCommandOutput
    let next = await iterator({ ShardId })
    do {
      page = await get(next)
      texts.push(...(page.Records ?? []).map(({ Data }) => textOf(Data)))
      next = page.NextShardIterator
    } while (next)
    return { texts, end: page }
  }
  const scale = (TargetShardCount: number) =>
    client.send(
      new UpdateShardCountCommand({ StreamName: 's', TargetShardCount, ScalingType: 'UNIFORM_SCALING' }),
    )
  const split = (ShardToSplit: string | undefined = FIRST_SHARD, at = 2n ** 127n) =>
    client.send(new SplitShardCommand({ StreamName: 's', ShardToSplit, NewStartingHashKey: String(at) }))
  const merge = (ShardToMerge: string | undefined, AdjacentShardToMerge: string | undefined) =>
    client.send(new MergeShardsCommand({ StreamName: 's', ShardToMerge, AdjacentShardToMerge }))
  return {
    client,
    local,
    faults: source.faults,
    create,
    put,
    iterator,
    get,
    shards,
    drain,
    scale,
    split,
    merge,
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      await local.close()
    },
  }
}

export type KinesisRig = Awaited<ReturnType<typeof kinesisRig>>
