/** Owns the question whether a stream can be read, asked once at the start of a worker: each action that reading needs, on one of its shards. */

import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-kinesis'
import { Unavailable } from '@spaceship/core'
import { nearestName, setUpOf } from '@spaceship/core/adapter'
import { classified, nameOf } from '@spaceship/handlers/aws'
import type { StreamId } from '../leases/index.ts'
import { identityIn } from './shard.ts'
import { streamAt, streamName } from './stream.ts'

/** Shards of which one is read. */
const SHARDS = 100

/** What is refused only where it would be allowed: a shard that was listed may expire before it is read, and so may its iterator; or others read it, too. */
const ALLOWED = new Set(['ExpiredIteratorException', 'ProvisionedThroughputExceededException'])

/** @returns which stream it is @throws Unavailable, with `setup` for what somebody has to mend */
export async function checkStream(
  client: KinesisClient,
  stream: string,
  random: () => number,
): Promise<StreamId> {
  if (streamName(stream) === undefined) throw unnamed(stream)
  async function asked<T>(action: string, request: Promise<T>): Promise<T> {
    try {
      return await request
    } catch (error) {
      const about = { dependency: 'kinesis', resource: `stream '${stream}'`, actions: [`kinesis:${action}`] }
      throw classified(about, error)
    }
  }
  const named = streamAt(stream)
  try {
    const summary = client.send(new DescribeStreamSummaryCommand(named))
    const identity = identityIn(stream, await asked('DescribeStreamSummary', summary))
    const list = new ListShardsCommand({ ...named, MaxResults: SHARDS })
    const { Shards: shards = [] } = await asked('ListShards', client.send(list))
    // A shard allows five reads a second: a fleet that starts at one moment would keep whoever reads the first one from it.
    const shard = shards[Math.floor(random() * shards.length)]?.ShardId
    if (shard !== undefined) await readOnce(shard)
    return identity
  } catch (error) {
    throw setUpOf(error)?.reason === 'not-found' ? await missing(client, stream, error) : error
  }

  async function readOnce(shard: string): Promise<void> {
    try {
      const iterator = new GetShardIteratorCommand({ ...named, ShardId: shard, ShardIteratorType: 'LATEST' })
      const { ShardIterator } = await asked('GetShardIterator', client.send(iterator))
      await asked('GetRecords', client.send(new GetRecordsCommand({ ShardIterator, Limit: 1 })))
    } catch (error) {
      if (setUpOf(error)?.reason !== 'not-found' && !ALLOWED.has(nameOf(error))) throw error
    }
  }
}

function unnamed(stream: string): Unavailable {
  const advice =
    "'streams' takes names, 1 to 128 letters, digits, '_', '.' and '-', and ARNs such as 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders'"
  const setup = { reason: 'not-found', resource: `stream '${stream}'`, advice } as const
  return new Unavailable('kinesis', `'${stream}' is no name of a stream, and no ARN: ${advice}`, { setup })
}

async function missing(client: KinesisClient, stream: string, cause: unknown): Promise<Unavailable> {
  const nearest = nearestName(stream, await namesIn(client))
  const known = nearest === undefined ? '' : ` (the nearest name there is '${nearest}')`
  const advice = `it is not in the account and Region of the client${known}: correct the name in 'streams', or create the stream`
  const setup = { reason: 'not-found', resource: `stream '${stream}'`, advice } as const
  return new Unavailable('kinesis', `the stream '${stream}' does not exist: ${advice}`, { cause, setup })
}

/** None if they may not be listed: the names are a help, not a need. */
async function namesIn(client: KinesisClient): Promise<readonly string[]> {
  try {
    return (await client.send(new ListStreamsCommand({}))).StreamNames ?? []
  } catch {
    return []
  }
}
