/** Owns where an application's dead letters are: on the running ship, or in the account of the terminal's credentials. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { DeadLetters } from '@spaceship/core/ports'
import { dynamodbDeadLetters } from '@spaceship/handlers/dynamodb'
import { variablesOf } from '../project/index.ts'
import { runningShip } from '../ship/index.ts'
import { type Common, projectOf, surroundings } from './project.ts'
import type { Terminal } from './terminal.ts'

export interface Whereabouts extends Common {
  readonly account?: boolean
}

export interface Mail {
  readonly application: string
  /** The stream that brings letters back. */
  readonly stream: string
  readonly deadLetters: DeadLetters
  /** When the command began, in milliseconds since 1970. */
  readonly now: number
}

export async function mailOf(terminal: Terminal, options: Whereabouts): Promise<Mail> {
  const project = await projectOf(terminal, options)
  const { application, streams, deadLetters } = project.config
  const variables = options.account
    ? terminal.variables
    : surroundings(variablesOf(project.config, (await runningShip(project)).environment, terminal.variables))
  return {
    application,
    stream: streams[0] ?? '',
    deadLetters:
      deadLetters?.(variables) ??
      dynamodbDeadLetters({ client: new DynamoDBClient(), table: `${application}-state`, sorted: true }),
    now: Date.now(),
  }
}
