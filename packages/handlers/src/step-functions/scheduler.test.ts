import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { CreateStateMachineCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn'
import { reminderSchedulerCases, reminderSchedulerOutageCases } from '@spaceship/core/conformance'
import { launch } from '@spaceship/local'
import { afterAll, expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { reminderMachine, stepFunctions } from './index.ts'

const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:reminders'
const roleArn = 'arn:aws:iam::000000000000:role/reminders'

const ship = await launch({
  emulators,
  streams: ['ingress', ...reminderSchedulerCases.map((_, n) => `ingress-${n}`)],
})
const client = new SFNClient(ship.clientConfig('stepFunctions'))

afterAll(async () => {
  client.destroy()
  await ship.close()
})

/** A state machine of reminders, which puts what is due on a stream. @returns its ARN */
async function machineFor(stream: string, name: string): Promise<string> {
  const definition = JSON.stringify(reminderMachine({ target: { stream } }))
  await client.send(new CreateStateMachineCommand({ name, definition, roleArn }))
  return `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`
}

for (const [n, { name, run }] of reminderSchedulerCases.entries()) {
  test.concurrent(name, async () => {
    const stateMachineArn = await machineFor(`ingress-${n}`, `case-${n}`)
    const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
    const start = {
      StreamName: `ingress-${n}`,
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
    const scheduler = stepFunctions({ client, stateMachineArn })
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
  await machineFor('ingress', 'reminders')
  await stepFunctions({ client, stateMachineArn }).check?.()
  const { executions } = await client.send(new ListExecutionsCommand({ stateMachineArn }))
  expect(executions).toEqual([])
  const missing = stepFunctions({ client, stateMachineArn: `${stateMachineArn}-2` })
  await expect(missing.check?.()).rejects.toMatchObject({
    setup: { reason: 'not-found', advice: expect.stringContaining("create the state machine 'reminders-2'") },
  })
})
