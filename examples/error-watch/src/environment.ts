import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { Client } from '@opensearch-project/opensearch'
import { dynamodbDeadLetters, dynamodbState } from '@spaceship/handlers/dynamodb'
import { createSearch } from '@spaceship/handlers/opensearch'
import { createSlack } from '@spaceship/handlers/slack'

/** The one place that reads the environment. */
export function fromEnvironment(variables: NodeJS.ProcessEnv) {
  const { SEARCH_URL: node = '', SLACK_TOKEN: token = '', SLACK_API_URL, STATE_TABLE } = variables
  const at = { client: new DynamoDBClient(), table: STATE_TABLE ?? 'error-watch-state', sorted: true }
  const state = dynamodbState(at)
  const options = { application: 'error-watch', state, deadLetters: dynamodbDeadLetters(at) }
  const search = createSearch({ client: new Client({ node }) })
  const slack = createSlack({ token, ...(SLACK_API_URL ? { apiUrl: SLACK_API_URL } : {}) })
  return { dependencies: { search, slack, state }, options }
}
