/**
 * Owns the state machines of a session: one for each variable of the config that holds the ARN of one, with the definition of reminders that
 * come back on the first stream. Elsewhere a template makes it.
 */

import {
  CreateStateMachineCommand,
  SFNClient,
  type SFNClientConfig,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn'
import { nameOf } from '@spaceship/handlers/aws'
import { reminderMachine } from '@spaceship/handlers/step-functions'
import type { Plan } from './plan.ts'

/** Of the ship's account, which has no other. */
const MACHINE = /^arn:aws:states:[a-z0-9-]+:000000000000:stateMachine:([^:]+)$/

/** The ship asks for no role's rights. */
const ROLE = 'arn:aws:iam::000000000000:role/reminders'

/** One that is there already gets the definition that the plan has now. */
export async function provideMachines(
  config: SFNClientConfig,
  { variables, streams }: Pick<Plan, 'variables' | 'streams'>,
): Promise<void> {
  const [stream] = streams
  const asked = Object.values(variables).flatMap((arn) => {
    const [, name] = MACHINE.exec(arn) ?? []
    return name === undefined ? [] : [{ name, stateMachineArn: arn }]
  })
  if (asked.length === 0 || stream === undefined) return
  const about = { definition: JSON.stringify(reminderMachine({ target: { stream } })), roleArn: ROLE }
  const client = new SFNClient(config)
  try {
    for (const { name, stateMachineArn } of asked) {
      try {
        await client.send(new CreateStateMachineCommand({ name, ...about }))
      } catch (error) {
        if (nameOf(error) !== 'StateMachineAlreadyExists') throw error
        await client.send(new UpdateStateMachineCommand({ stateMachineArn, ...about }))
      }
    }
  } finally {
    client.destroy()
  }
}
