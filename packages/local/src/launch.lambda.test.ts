import { fileURLToPath } from 'node:url'
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import { expect, test, vi } from 'vitest'
import { folders } from '../test/folders.ts'
import { launch } from './index.ts'

const handler = fileURLToPath(new URL('../test/fixtures/lambda/effects.mjs', import.meta.url))

test('a saved item and a due schedule reach a function, which reaches Slack and the search', async () => {
  await using ship = await launch({
    tables: [{ name: 'clients', key: 'id', stream: 'clients-cdc' }],
  })
  const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  const scheduler = new SchedulerClient(ship.clientConfig('scheduler'))
  const mapping = await ship.lambda({
    handler,
    stream: 'clients-cdc',
    environment: { WEBHOOK: ship.slack.webhookUrl('#marketing') },
    pollIntervalMs: 5,
  })

  await dynamodb.send(
    new PutItemCommand({ TableName: 'clients', Item: { id: { S: 'acme' }, name: { S: 'Acme' } } }),
  )
  await ship.slack.waitFor(({ text }) => text === 'INSERT Acme')
  await scheduler.send(
    new CreateScheduleCommand({
      Name: 'reminder',
      ScheduleExpression: 'at(2026-01-01T00:00:00)',
      ActionAfterCompletion: 'DELETE',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/clients-cdc',
        RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
        Input: JSON.stringify({ reminder: 'tutorial' }),
        KinesisParameters: { PartitionKey: 'acme' },
      },
    }),
  )
  await ship.slack.waitFor(({ text }) => text === 'reminder tutorial')

  await ship.settled()
  await mapping.idle()
  const found = await fetch(`${ship.search.url}/clients/_count`)
  await expect(found.json()).resolves.toMatchObject({ count: 1 })
  expect(ship.slack.messages).toHaveLength(2)
  dynamodb.destroy()
  scheduler.destroy()
})

test('a state machine invokes a function of the ship, and fails with the name of what that throws', async () => {
  await using ship = await launch({ streams: ['clients-cdc'] })
  const client = new SFNClient(ship.clientConfig('stepFunctions'))
  const environment = { WEBHOOK: ship.slack.webhookUrl('#marketing') }
  const mapping = await ship.lambda({ handler, stream: 'clients-cdc', environment })
  const definition = JSON.stringify({
    StartAt: 'Invoke',
    States: {
      Invoke: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Parameters: { FunctionName: 'effects', 'Payload.$': '$' },
        End: true,
      },
    },
  })
  const roleArn = 'arn:aws:iam::000000000000:role/machine'
  const { stateMachineArn } = await client.send(
    new CreateStateMachineCommand({ name: 'm', definition, roleArn }),
  )
  const endOf = async (event: object) => {
    const { executionArn } = await client.send(
      new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(event) }),
    )
    await vi.waitUntil(() => ship.stepFunctions.running.length === 0, { timeout: 20_000 })
    return client.send(new DescribeExecutionCommand({ executionArn }))
  }
  const data = Buffer.from(JSON.stringify({ reminder: 'tutorial' })).toString('base64')
  const event = { Records: [{ kinesis: { data } }] }
  expect(await endOf(event)).toMatchObject({ status: 'SUCCEEDED' })
  expect(ship.slack.messages).toMatchObject([{ text: 'reminder tutorial' }])
  expect(await endOf({ Records: 1 })).toMatchObject({ status: 'FAILED', error: 'TypeError' })
  expect(await mapping.invoke(event)).toMatchObject({ response: 'null' })
  expect(mapping.pids).toHaveLength(1)
  await mapping.close()
  await expect(mapping.invoke(event)).rejects.toMatchObject({ code: 'lambda-closed' })
  client.destroy()
})

const folder = folders()

test('a function goes on at the next launch where it stood, and sees the ship through a new version', async () => {
  const data = folder()
  for (const name of ['Acme', 'Bolt']) {
    await using ship = await launch({ data, tables: [{ name: 'clients', key: 'id', stream: 'clients-cdc' }] })
    const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
    const environment = { WEBHOOK: ship.slack.webhookUrl('#marketing') }
    const mapping = await ship.lambda({ handler, stream: 'clients-cdc', environment })
    await mapping.update({ handler })
    await dynamodb.send(
      new PutItemCommand({ TableName: 'clients', Item: { id: { S: name }, name: { S: name } } }),
    )
    await ship.settled()
    await mapping.idle()
    dynamodb.destroy()
  }
  await using ship = await launch({ data })
  expect(ship.slack.messages.map(({ text }) => text)).toEqual(['INSERT Acme', 'INSERT Bolt'])
  const found = await fetch(`${ship.search.url}/clients/_count`)
  await expect(found.json()).resolves.toMatchObject({ count: 2 })
})

test('the functions end with the spaceship', async () => {
  const ship = await launch({ tables: [{ name: 'clients', key: 'id', stream: 'clients-cdc' }] })
  const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  const environment = { WEBHOOK: ship.slack.webhookUrl('#marketing') }
  const mapping = await ship.lambda({ handler, stream: 'clients-cdc', environment })
  await dynamodb.send(
    new PutItemCommand({ TableName: 'clients', Item: { id: { S: 'acme' }, name: { S: 'Acme' } } }),
  )
  await ship.slack.waitFor(() => true)
  const [pid = expect.unreachable()] = mapping.pids
  dynamodb.destroy()
  await ship.close()
  expect(() => process.kill(pid, 0)).toThrow()
  await expect(mapping.idle()).rejects.toMatchObject({ code: 'lambda-closed' })
})
