/** The one place that reads the environment. Lambda and worker share what it names. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SchedulerClient } from '@aws-sdk/client-scheduler'
import { Client as SearchClient } from '@opensearch-project/opensearch'
import type { Duration } from '@spaceship/core'
import { isDuration, refuse } from '@spaceship/core/adapter'
import { memoryReferences } from '@spaceship/core/memory'
import { createReminders } from '@spaceship/core/reminders'
import { dynamodbDeadLetters, dynamodbEntities, dynamodbState } from '@spaceship/handlers/dynamodb'
import { createSearch } from '@spaceship/handlers/opensearch'
import { eventBridgeScheduler } from '@spaceship/handlers/scheduler'
import { createSlack } from '@spaceship/handlers/slack'
import type { Dependencies } from './onboarding.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** @throws ConfigurationError that names every variable that is missing or wrong */
export function fromEnvironment(variables: Variables) {
  const {
    APPLICATION: application = 'onboarding',
    INGRESS_STREAM_ARN: streamArn = '',
    SCHEDULER_ROLE_ARN: roleArn = '',
    SEARCH_URL: searchUrl = '',
    SLACK_API_URL: apiUrl = 'https://slack.com/api',
    SLACK_TOKEN: token = '',
    STATE_TABLE: table = '',
    TUTORIAL_PATIENCE: patience = '3d',
  } = variables
  const required = {
    INGRESS_STREAM_ARN: streamArn,
    SCHEDULER_ROLE_ARN: roleArn,
    SEARCH_URL: searchUrl,
    SLACK_TOKEN: token,
    STATE_TABLE: table,
  }
  refuse('environment', [
    ...Object.entries(required)
      .filter(([, value]) => value === '')
      .map(([name]) => `${name} is not set`),
    ...(isDuration(patience) ? [] : [`TUTORIAL_PATIENCE is '${patience}': give a duration such as '3d'`]),
  ])

  const dynamodb = new DynamoDBClient()
  const state = dynamodbState({ client: dynamodb, table, sorted: true })
  const scheduler = eventBridgeScheduler({ client: new SchedulerClient(), streamArn, roleArn })
  const dependencies: Dependencies = {
    slack: createSlack({ token, apiUrl }),
    search: createSearch({ client: new SearchClient({ node: searchUrl }) }),
    reminders: createReminders({ application, state, scheduler, references: memoryReferences() }),
    // `refuse` above has checked it.
    patience: patience as Duration,
  }
  const deadLetters = dynamodbDeadLetters({ client: dynamodb, table, sorted: true })
  const entities = dynamodbEntities({ client: dynamodb })
  return { dependencies, options: { application, state, deadLetters, entities } }
}
