/** The one place that reads the environment. Lambda and worker share what it names. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SFNClient } from '@aws-sdk/client-sfn'
import { Client as SearchClient } from '@opensearch-project/opensearch'
import type { Duration } from '@spaceship/core'
import { isDuration, refuse } from '@spaceship/core/adapter'
import { createReminders } from '@spaceship/core/reminders'
import { dynamodbDeadLetters, dynamodbEntities, dynamodbState } from '@spaceship/handlers/dynamodb'
import { createSearch } from '@spaceship/handlers/opensearch'
import { createSlack } from '@spaceship/handlers/slack'
import { stepFunctions } from '@spaceship/handlers/step-functions'
import type { Dependencies } from './onboarding.ts'
import { referencesAt } from './references.ts'

export const application = 'onboarding'

type Variables = Readonly<Record<string, string | undefined>>

/** @throws ConfigurationError that names every variable that is missing or wrong */
export function fromEnvironment(variables: Variables) {
  const {
    REFERENCES_PREFIX: prefix = 'spaceship:',
    REFERENCES_URL: url = '',
    SEARCH_URL: searchUrl = '',
    SLACK_API_URL: apiUrl = 'https://slack.com/api',
    SLACK_TOKEN: token = '',
    STATE_MACHINE_ARN: stateMachineArn = '',
    STATE_TABLE: table = '',
    TUTORIAL_PATIENCE: patience = '3d',
  } = variables
  const required = {
    SEARCH_URL: searchUrl,
    SLACK_TOKEN: token,
    STATE_MACHINE_ARN: stateMachineArn,
    STATE_TABLE: table,
  }
  const references = referencesAt({ url, prefix })
  refuse('environment', [
    ...Object.entries(required)
      .filter(([, value]) => value === '')
      .map(([name]) => `${name} is not set`),
    ...(isDuration(patience) ? [] : [`TUTORIAL_PATIENCE is '${patience}': give a duration such as '3d'`]),
    // The URL may hold a password.
    ...(references === undefined
      ? ["REFERENCES_URL: give one such as 'redis://host:6379' or 'memcached://host:11211', or none"]
      : []),
  ])

  const dynamodb = new DynamoDBClient()
  const state = dynamodbState({ client: dynamodb, table, sorted: true })
  const scheduler = stepFunctions({ client: new SFNClient(), stateMachineArn })
  const dependencies: Dependencies = {
    slack: createSlack({ token, apiUrl }),
    search: createSearch({ client: new SearchClient({ node: searchUrl }) }),
    reminders: createReminders({
      application,
      state,
      scheduler,
      ...(references === undefined ? {} : { references: references.store }),
    }),
    // `refuse` above has checked it.
    patience: patience as Duration,
  }
  const deadLetters = dynamodbDeadLetters({ client: dynamodb, table, sorted: true })
  const entities = dynamodbEntities({ client: dynamodb })
  return {
    dependencies,
    options: { application, state, deadLetters, entities },
    /** Ends the connection to the references, if there is one. */
    [Symbol.asyncDispose]: async () => references?.[Symbol.asyncDispose](),
  }
}
