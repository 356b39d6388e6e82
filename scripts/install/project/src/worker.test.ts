import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { launch } from '@spaceship/local'
import { makeWorker } from './worker.js'

test('a worker on the embedded spaceship greets', async () => {
  await using ship = await launch({ tables: [{ name: 'clients', key: 'id', stream: 'clients-cdc' }] })
  Object.assign(process.env, ship.environment)
  const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  const greeted = Promise.withResolvers<string>()
  const pod = makeWorker(greeted.resolve)
  const running = pod.run()
  running.catch(greeted.reject)
  const Item = { id: { S: 'acme' }, name: { S: 'Acme' }, plan: { S: 'trial' } }
  await dynamodb.send(new PutItemCommand({ TableName: 'clients', Item }))
  assert.equal(await greeted.promise, 'hello Acme')
  await pod.stop()
  await running
  dynamodb.destroy()
})
