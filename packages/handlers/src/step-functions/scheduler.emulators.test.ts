/** Reminders on two emulators of Step Functions that others make. No case is left out. */

import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis'
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { reminderSchedulerCases } from '@spaceship/core/conformance'
import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import { startMinistack, startMoto } from '../../../../scripts/emulators.ts'
import type { LaneServer } from '../../../../scripts/server.ts'
import { reminderMachine, stepFunctions } from './index.ts'

const emulators: Readonly<Record<string, () => Promise<LaneServer>>> = {
  moto: startMoto,
  ministack: startMinistack,
}

/** AWS writes an object that is handed to an API as a blob as JSON: moto refuses one, and ministack writes it as Python prints it. */
const AS_TEXT = ['"Data.$":"$.envelope"', '"Data.$":"States.JsonToString($.envelope)"'] as const

const roleArn = 'arn:aws:iam::123456789012:role/reminders'

for (const [emulator, start] of Object.entries(emulators)) {
  describe(emulator, () => {
    let server: LaneServer
    let client: SFNClient
    let kinesis: KinesisClient
    beforeAll(async () => {
      server = await start()
      client = new SFNClient(server.config)
      // They speak HTTP/1.1 only.
      kinesis = new KinesisClient({ ...server.config, requestHandler: new NodeHttpHandler() })
    }, 60_000)
    afterAll(async () => {
      client.destroy()
      kinesis.destroy()
      await server.close()
    })

    /** A stream of its own, and a state machine that puts there. */
    async function made(name: string) {
      await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 }))
      const shards = await vi.waitUntil(async () => {
        const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: name }))
        return Shards.length > 0 && Shards
      })
      let { ShardIterator } = await kinesis.send(
        new GetShardIteratorCommand({
          StreamName: name,
          ShardId: shards[0]?.ShardId,
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      )
      const fired = async (until: number) => {
        // They run on real time, as the service does.
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - Date.now())))
        const answer = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
        ShardIterator = answer.NextShardIterator
        return (answer.Records ?? []).map(({ PartitionKey = '', Data = new Uint8Array() }) => ({
          partitionKey: PartitionKey,
          // What they make of an object has blanks.
          data: Buffer.from(JSON.stringify(JSON.parse(Buffer.from(Data).toString()))),
        }))
      }
      const definition = JSON.stringify(reminderMachine({ target: { stream: name } })).replace(...AS_TEXT)
      const { stateMachineArn = '' } = await client.send(
        new CreateStateMachineCommand({ name, definition, roleArn }),
      )
      return { scheduler: stepFunctions({ client, stateMachineArn }), fired }
    }

    for (const [index, { name, run }] of reminderSchedulerCases.entries()) {
      test.concurrent(name, async () => {
        await run({
          ...(await made(`ingress-${index}`)),
          now: Date.now,
          keepsNames: true,
          tellsStopped: false,
          lateness: 4_000,
        })
      })
    }
  })
}
