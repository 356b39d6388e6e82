/**
 * Owns reminders on Step Functions. Beside the table of `../aws/errors.ts`, which says it of all of AWS:
 *
 * | Step Functions says                                      | is                                                        |
 * |----------------------------------------------------------|-----------------------------------------------------------|
 * | `ExecutionAlreadyExists`, as one is started              | done: the name holds the generation, so it is this one, closed or not |
 * | `ExecutionDoesNotExist`, as one is stopped or looked for | done: there is nothing to stop                            |
 * | `ExecutionLimitExceeded`                                 | an outage: executions have to end, or the quota to grow   |
 * | `StateMachineDeleting`                                   | an outage: another one may be made under the name         |
 * | `StateMachineDoesNotExist`, `InvalidArn`                 | set-up `not-found`: the state machine                     |
 * | `InvalidExecutionInput`, `InvalidName`                   | Permanent                                                 |
 *
 * An execution that is closed keeps its name for 90 days. StopExecution may succeed on one: to ask first would cost a request of the lowest
 * quota for each cancel, and correctness does not need the answer.
 */

import {
  DescribeExecutionCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn'
import { Unavailable } from '@spaceship/core'
import { bare, check, required, type ShapesOf } from '@spaceship/core/adapter'
import type { ReminderScheduler } from '@spaceship/core/ports'
import { type About, classified, nameOf, client as sdk } from '../aws/index.ts'
import { executionArn, referredArn, stateMachine } from './arn.ts'
import { inputOf } from './input.ts'
import { callerGrants } from './policy.ts'

const DEPENDENCY = 'step-functions'
const DAY = 86_400_000

/** An execution ends after a year at the latest; a delivery that is repeated for a day has to fit in. */
const HORIZON = 363 * DAY

/** No JSON: nothing can be started with it, and whether it may be is answered before. */
const UNSTARTABLE = '{'

export interface StepFunctionsOptions {
  /** It retries throttling and outages by itself, as it is configured. */
  readonly client: SFNClient
  /** A state machine of the type STANDARD, made from what `reminderMachine` answers; neither a version nor an alias. */
  readonly stateMachineArn: string
}

export const STEP_FUNCTIONS = {
  options: bare({
    client: required(sdk('SFNClient')),
    stateMachineArn: stateMachine,
  } satisfies ShapesOf<StepFunctionsOptions>),
}

/**
 * A ReminderScheduler on Step Functions: one execution for each reminder, which waits until it is due and puts the envelope on the stream.
 * It is on time to the second, up to 363 days ahead. An execution that was stopped or has fired keeps its name for 90 days, so that a
 * late repeat starts nothing.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { SFNClient } from '@aws-sdk/client-sfn'
 * import { stepFunctions } from '@spaceship/handlers/step-functions'
 * const stateMachineArn = 'arn:aws:states:eu-west-1:123456789012:stateMachine:reminders'
 * const scheduler = stepFunctions({ client: new SFNClient(), stateMachineArn })
 */
export function stepFunctions(options: StepFunctionsOptions): ReminderScheduler {
  check('stepFunctions', STEP_FUNCTIONS, { options })
  const { client, stateMachineArn } = options

  async function request<T>(action: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send()
    } catch (error) {
      throw classified(aboutOf(stateMachineArn, action), error)
    }
  }

  const describe = (executionArn: string) =>
    request('DescribeExecution', () => client.send(new DescribeExecutionCommand({ executionArn })))
  const stop = (executionArn: string) =>
    request('StopExecution', () => client.send(new StopExecutionCommand({ executionArn })))
  const start = (name: string, input: string) =>
    request('StartExecution', () => client.send(new StartExecutionCommand({ stateMachineArn, name, input })))

  async function isWaiting(executionArn: string): Promise<boolean> {
    try {
      const { status } = await describe(executionArn)
      return status === 'RUNNING'
    } catch (error) {
      if (nameOf(error) === 'ExecutionDoesNotExist') return false
      throw error
    }
  }

  return {
    capabilities: { name: 'step-functions', precision: 1_000, horizon: HORIZON, nativeCancel: true },
    grants: callerGrants(stateMachineArn),
    start: async (execution) => {
      const { name } = execution
      try {
        const { executionArn: started } = await start(name, inputOf(execution))
        if (started?.includes(':express:')) throw shortLived(stateMachineArn)
      } catch (error) {
        if (nameOf(error) !== 'ExecutionAlreadyExists') throw error
      }
      return executionArn(stateMachineArn, name)
    },
    stop: async (reference) => {
      const arn = referredArn(stateMachineArn, reference)
      if (arn === undefined) return false
      try {
        await stop(arn)
        return true
      } catch (error) {
        if (nameOf(error) === 'ExecutionDoesNotExist') return false
        throw error
      }
    },
    find: async (reference) => {
      const arn = referredArn(stateMachineArn, reference)
      return arn !== undefined && (await isWaiting(arn)) ? 'waiting' : 'gone'
    },
    // What nobody started is stopped and looked for, and what nothing can be started with is refused: nothing is left.
    check: async () => {
      const name = `spaceship-check-${crypto.randomUUID()}`
      const arn = executionArn(stateMachineArn, name)
      await refused('InvalidExecutionInput', start(name, UNSTARTABLE))
      await refused('ExecutionDoesNotExist', stop(arn))
      await refused('ExecutionDoesNotExist', describe(arn))
    },
  }
}

async function refused(expected: string, call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (nameOf(error) !== expected) throw error
  }
}

function aboutOf(stateMachineArn: string, action: string): About {
  const name = stateMachineArn.slice(stateMachineArn.lastIndexOf(':') + 1)
  return { dependency: DEPENDENCY, resource: `state machine '${name}'`, actions: [`states:${action}`] }
}

/** One of the type EXPRESS ends after five minutes, and starts another execution each time that it is asked. */
function shortLived(stateMachineArn: string): Unavailable {
  const { resource } = aboutOf(stateMachineArn, 'StartExecution')
  const advice = `make the ${resource} anew with the type STANDARD: one of the type EXPRESS ends its executions after five minutes`
  const setup = { reason: 'not-found', resource, advice } as const
  return new Unavailable(DEPENDENCY, `the ${resource} is none that can wait: ${advice}`, { setup })
}
