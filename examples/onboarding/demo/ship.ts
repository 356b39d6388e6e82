/** Owns the infrastructure of one flight: an embedded spaceship and what the applications find there. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn'
import { createStateTable } from '@spaceship/handlers/dynamodb'
import { reminderMachine } from '@spaceship/handlers/step-functions'
import { launch, type Spaceship } from '@spaceship/local'
import { type LogLines, logLinesAt } from './log-lines.ts'
import { ERROR_WATCH, ONBOARDING } from './programs.ts'

/** Three days, for a demo. */
export const PATIENCE = 4_000

/** What the applications keep of their work. */
export const STATE_TABLE = 'spaceship-state'

export interface Pad extends AsyncDisposable {
  readonly ship: Spaceship
  readonly dynamodb: DynamoDBClient
  /** Of all processes of the flight. */
  readonly logs: LogLines
  /** What the applications read, as a deployment would set it. */
  readonly environment: Readonly<Record<string, string>>
}

/** @param referencesUrl where references are kept; empty for the memory of each process */
export async function preparePad(referencesUrl = ''): Promise<Pad> {
  const ship = await launch({
    tables: [{ name: 'clients', key: 'id', stream: ONBOARDING.stream }],
    streams: [ERROR_WATCH.stream],
  })
  const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  const [stateMachineArn] = await Promise.all([
    stateMachineOn(ship),
    createStateTable({ client: dynamodb, table: STATE_TABLE, sorted: true }),
  ])
  return {
    ship,
    dynamodb,
    logs: logLinesAt(ship.endpoints.search),
    environment: {
      ...ship.environment,
      // The flights may share a Redis, with each other and with whoever it belongs to.
      REFERENCES_PREFIX: `spaceship-demo:${crypto.randomUUID()}:`,
      REFERENCES_URL: referencesUrl,
      SLACK_API_URL: ship.slack.apiUrl,
      SLACK_TOKEN: 'xoxb-local',
      STATE_MACHINE_ARN: stateMachineArn,
      STATE_TABLE,
      TUTORIAL_PATIENCE: `${PATIENCE}ms`,
    },
    [Symbol.asyncDispose]: async () => {
      dynamodb.destroy()
      await ship.close()
    },
  }
}

/** Makes the one whose executions wait for reminders, as a template would. @returns its ARN */
async function stateMachineOn(ship: Spaceship): Promise<string> {
  const client = new SFNClient(ship.clientConfig('stepFunctions'))
  try {
    const { stateMachineArn = '' } = await client.send(
      new CreateStateMachineCommand({
        name: 'reminders',
        definition: JSON.stringify(reminderMachine({ target: { stream: ONBOARDING.stream } })),
        roleArn: 'arn:aws:iam::000000000000:role/reminders',
      }),
    )
    return stateMachineArn
  } finally {
    client.destroy()
  }
}
