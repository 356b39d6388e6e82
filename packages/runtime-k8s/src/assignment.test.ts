import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { entity, reactor } from '@spaceship/core'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { Assignment } from './assignment.ts'
import { SHARD_END } from './leases/index.ts'
import { memoryLeases } from './leases/memory.ts'
import { parseWorkerOptions } from './options.ts'
import { Streams } from './streams.ts'
import { ShardSync } from './sync.ts'
import { Troubles } from './troubles.ts'

const Row = entity('row', { table: 'rows', key: 'id', schema: z.looseObject({ id: z.string() }) })
const shard = 'shardId-000000000000'

test('a shard whose end is written between the look and the take is not read again from its start', async () => {
  const asked: unknown[] = []
  const send = async (command: unknown) => {
    asked.push(command)
    return {}
  }
  // Only `send` is used.
  const kinesis = { send } as unknown as KinesisClient
  const reactors = [reactor('note').on('see', Row.saved('row.saved'), () => {})]
  const stores = { state: memoryState(), deadLetters: memoryDeadLetters() }
  const streams = ['cdc']
  const { engine, settings } = parseWorkerOptions(reactors, {
    ...{ application: 'app', streams, ...stores, kinesis, logger: silent, workerId: 'me' },
  })
  const leases = memoryLeases()
  const table: typeof leases = {
    ...leases,
    // The answer to the end was lost, and it reaches the table only now.
    take: async (lease, owner) => {
      await leases.checkpoint(lease, {
        checkpoint: { sequence: SHARD_END, subSequence: 0 },
        journal: undefined,
      })
      return leases.take(lease, owner)
    },
  }
  const ours = new Streams(settings)
  const shards = new ShardSync({ ...settings, leases: table }, ours, () => {})
  ours.identify('multi-stream', new Map([['cdc', '123456789012:cdc:1']]))
  await leases.create({
    ...{ stream: '123456789012:cdc:1', shard, checkpoint: 'TRIM_HORIZON' },
    ...{ parents: [], hashRange: undefined },
  })
  const [free] = (await leases.scan()).leases
  // From before: it is lost, and its row still names us.
  if (free !== undefined) await leases.take(free, 'me')
  const troubles = new Troubles(settings.logger)
  const assignment = new Assignment({
    ...{ engine, settings: { ...settings, leases: table }, streams: ours, shards, troubles },
    ...{
      notices: { tell: async () => {}, told: async () => {}, beat: async () => {}, silent: false },
      freed: () => {},
    },
  })
  const before = asked.length
  await assignment.take(new AbortController().signal)
  expect([assignment.held, asked.length - before]).toEqual([0, 0])
  const [lease] = (await leases.scan()).leases
  expect([lease?.owner, lease?.checkpoint.sequence]).toEqual([undefined, SHARD_END])
})
