import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'

/** A client of a server that tells another time: its own and so many milliseconds, to the second, as HTTP does. */
export function movedService(config: DynamoDBClientConfig, ahead: () => number): DynamoDBClient {
  const handler = new NodeHttpHandler()
  const handle: NodeHttpHandler['handle'] = async (...asked) => {
    const { response } = await handler.handle(...asked)
    const date = new Date(Date.now() + ahead()).toUTCString()
    response.headers = { ...response.headers, date }
    return { response }
  }
  return new DynamoDBClient({ ...config, requestHandler: { handle } })
}
