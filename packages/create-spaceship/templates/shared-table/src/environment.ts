/** The one place that reads the environment. The function and the worker share what it names. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { refuse } from '@spaceship/core/adapter'
import { dynamodbDeadLetters, dynamodbState } from '@spaceship/handlers/dynamodb'
import { createSlack } from '@spaceship/handlers/slack'

export const application = '{{name}}'

/** The streams that the reactors read. */
export const streams = ['shop-cdc']

/** @throws ConfigurationError that names what is missing */
export function fromEnvironment(variables: Readonly<Record<string, string | undefined>>) {
  const { SLACK_TOKEN: token = '', SLACK_API_URL: apiUrl = 'https://slack.com/api' } = variables
  refuse('environment', token === '' ? ["SLACK_TOKEN is not set: expected a bot's token"] : [])

  const table = { client: new DynamoDBClient(), table: `${application}-state`, sorted: true }
  return {
    dependencies: { slack: createSlack({ token, apiUrl }) },
    options: { application, state: dynamodbState(table), deadLetters: dynamodbDeadLetters(table) },
  }
}
