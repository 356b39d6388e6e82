import { tableReady } from '../src/dynamodb/rehearsal.ts'
import { upstreamOf } from '../src/emulator/index.ts'
import { awsCaller, JSON_TYPE } from '../src/http/index.ts'

/** The emulator beneath the embedded DynamoDB, with one table. */
export async function dynalite() {
  const { forward, close } = await upstreamOf('dynalite')
  const call = awsCaller(forward, 'DynamoDB_20120810', JSON_TYPE)
  await call('CreateTable', {
    TableName: 'rows',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
  })
  await tableReady(call, 'rows')
  return { forward, call, [Symbol.asyncDispose]: close }
}
