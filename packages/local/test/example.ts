import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { launch } from '@spaceship/local'

await using ship = await launch({
  tables: [{ name: 'clients', key: 'id', stream: 'clients-cdc' }],
})

const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
await dynamodb.send(
  new PutItemCommand({ TableName: 'clients', Item: { id: { S: 'c-1' }, name: { S: 'Acme' } } }),
)
await ship.settled()

const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
const { ShardIterator } = await kinesis.send(
  new GetShardIteratorCommand({
    StreamName: 'clients-cdc',
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON',
  }),
)
const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
for (const { Data } of Records) {
  const { eventName, dynamodb: change } = JSON.parse(new TextDecoder().decode(Data))
  console.log(eventName, change.NewImage.name.S) // INSERT Acme
}

dynamodb.destroy()
kinesis.destroy()
