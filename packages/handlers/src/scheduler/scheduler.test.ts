import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { SchedulerClient } from '@aws-sdk/client-scheduler'
import { reminderSchedulerCases, reminderSchedulerOutageCases } from '@spaceship/core/conformance'
import { launch } from '@spaceship/local'
import { expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { eventBridgeScheduler } from './index.ts'

const roleArn = 'arn:aws:iam::000000000000:role/scheduler'
const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/ingress'

for (const { name, run } of reminderSchedulerCases) {
  test.concurrent(name, async () => {
    await using ship = await launch({ emulators, streams: ['ingress'] })
    const client = new SchedulerClient(ship.clientConfig('scheduler'))
    const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
    const start = {
      StreamName: 'ingress',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON' as const,
    }
    let { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(start))
    const fired = async (until: number) => {
      // The embedded scheduler runs on real time, as the service does.
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - Date.now())))
      const answer = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
      ShardIterator = answer.NextShardIterator
      return (answer.Records ?? []).map(({ PartitionKey = '', Data = new Uint8Array() }) => ({
        partitionKey: PartitionKey,
        data: Data,
      }))
    }
    await run({ scheduler: eventBridgeScheduler({ client, streamArn, roleArn }), now: Date.now, fired })
    client.destroy()
    kinesis.destroy()
  })
}

for (const { name, run } of reminderSchedulerOutageCases) {
  test(name, async () => {
    const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
    const endpoint = 'http://127.0.0.1:1'
    const client = new SchedulerClient({ region: 'us-east-1', endpoint, credentials, maxAttempts: 1 })
    await run(eventBridgeScheduler({ client, streamArn, roleArn }))
    client.destroy()
  })
}

test('wrong ARNs are listed together', () => {
  const client = new SchedulerClient({ region: 'us-east-1' })
  expect(() => eventBridgeScheduler({ client, streamArn: 'ingress', roleArn: 'me' })).toThrow(
    /streamArn.*\n.*roleArn/,
  )
})

test('the check asks for the action, and leaves nothing; an action that is not granted is told', async () => {
  await using ship = await launch({ emulators, streams: ['ingress'] })
  const client = new SchedulerClient(ship.clientConfig('scheduler'))
  const scheduler = eventBridgeScheduler({ client, streamArn, roleArn })
  await scheduler.check?.()
  client.middlewareStack.add(
    () => async () => {
      throw Object.assign(new Error('no'), { name: 'AccessDeniedException', $fault: 'client', $metadata: {} })
    },
    { step: 'initialize' },
  )
  await expect(scheduler.check?.()).rejects.toMatchObject({
    setup: { reason: 'denied', advice: expect.stringContaining('grant scheduler:DeleteSchedule') },
  })
  client.destroy()
})
