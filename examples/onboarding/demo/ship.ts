/** Owns the infrastructure of one flight: an embedded spaceship and what the application finds there. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createStateTable } from '@spaceship/handlers/dynamodb'
import { launch, type Spaceship } from '@spaceship/local'

/** Three days, for a demo. */
export const PATIENCE = 4_000

/** What the application keeps of its work. */
export const STATE_TABLE = 'spaceship-state'

export interface Pad extends AsyncDisposable {
  readonly ship: Spaceship
  readonly dynamodb: DynamoDBClient
  /** What the application reads, as a deployment would set it. */
  readonly environment: Readonly<Record<string, string>>
}

export async function preparePad(): Promise<Pad> {
  const ship = await launch({ tables: [{ name: 'clients', key: 'id', stream: 'clients-cdc' }] })
  const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  await createStateTable({ client: dynamodb, table: STATE_TABLE, sorted: true })
  return {
    ship,
    dynamodb,
    environment: {
      ...ship.environment,
      APPLICATION: 'onboarding',
      INGRESS_STREAM_ARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/clients-cdc',
      SCHEDULER_ROLE_ARN: 'arn:aws:iam::000000000000:role/scheduler',
      SLACK_API_URL: ship.slack.apiUrl,
      SLACK_TOKEN: 'xoxb-local',
      STATE_TABLE,
      TUTORIAL_PATIENCE: `${PATIENCE}ms`,
    },
    [Symbol.asyncDispose]: async () => {
      dynamodb.destroy()
      await ship.close()
    },
  }
}
