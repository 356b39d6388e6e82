import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { CreateStateMachineCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn'
import { reminderSchedulerCases, reminderSchedulerOutageCases } from '@spaceship/core/conformance'
import { launch } from '@spaceship/local'
import { expect, test } from 'vitest'
import { reminderMachine, stepFunctions } from './index.ts'

const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:reminders'
const roleArn = 'arn:aws:iam::000000000000:role/reminders'

/** A ship with the state machine of reminders, which puts what is due on the stream 'ingress'. */
async function flying() {
  const ship = await launch({ streams: ['ingress'] })
  const client = new SFNClient(ship.clientConfig('stepFunctions'))
  const definition = JSON.stringify(reminderMachine({ target: { stream: 'ingress' } }))
  await client.send(new CreateStateMachineCommand({ name: 'reminders', definition, roleArn }))
  return {
    ship,
    client,
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      await ship.close()
    },
  }
}

for (const { name, run } of reminderSchedulerCases) {
  test.concurrent(name, async () => {
    await using flight = await flying()
    const kinesis = new KinesisClient(flight.ship.clientConfig('kinesis'))
    const start = {
      StreamName: 'ingress',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON' as const,
    }
    let { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(start))
    const fired = async (until: number) => {
      // The embedded Step Functions runs on real time, as the service does.
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - Date.now())))
      const answer = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
      ShardIterator = answer.NextShardIterator
      return (answer.Records ?? []).map(({ PartitionKey = '', Data = new Uint8Array() }) => ({
        partitionKey: PartitionKey,
        data: Data,
      }))
    }
    const scheduler = stepFunctions({ client: flight.client, stateMachineArn })
    await run({ scheduler, now: Date.now, fired, keepsNames: true, tellsStopped: false })
    kinesis.destroy()
  })
}

for (const { name, run } of reminderSchedulerOutageCases) {
  test(name, async () => {
    const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
    const endpoint = 'http://127.0.0.1:1'
    const client = new SFNClient({ region: 'us-east-1', endpoint, credentials, maxAttempts: 1 })
    await run(stepFunctions({ client, stateMachineArn }))
    client.destroy()
  })
}

test('the check asks for the three actions, and leaves nothing; a state machine that is missing is told', async () => {
  await using flight = await flying()
  const { client } = flight
  await stepFunctions({ client, stateMachineArn }).check?.()
  const { executions } = await client.send(new ListExecutionsCommand({ stateMachineArn }))
  expect(executions).toEqual([])
  const missing = stepFunctions({ client, stateMachineArn: `${stateMachineArn}-2` })
  await expect(missing.check?.()).rejects.toMatchObject({
    setup: { reason: 'not-found', advice: expect.stringContaining("create the state machine 'reminders-2'") },
  })
})
