/** Owns what has to be granted: to the state machine's role, and to the program that starts and stops executions. */

import { check, closed, type ShapesOf } from '@spaceship/core/adapter'
import { allow, type PolicyStatement, place } from '../aws/index.ts'
import { stateMachine } from './arn.ts'
import { machineShapes, type ReminderMachineOptions, targetProblems } from './machine.ts'

export interface ReminderMachinePolicyOptions extends ReminderMachineOptions {
  /** Where the stream, the function and the queue are. */
  readonly region: string
  /** The account's id. */
  readonly account: string
}

export interface ReminderCallerPolicyOptions {
  /** As `stepFunctions` is given it. */
  readonly stateMachineArn: string
}

export const MACHINE_POLICY = {
  options: closed({
    ...machineShapes,
    ...place,
  } satisfies ShapesOf<ReminderMachinePolicyOptions>),
}

export const CALLER_POLICY = {
  options: closed({
    stateMachineArn: stateMachine,
  } satisfies ShapesOf<ReminderCallerPolicyOptions>),
}

/**
 * What the role of the state machine may do: deliver to its one target, and send to its one queue. A stream or queue that is encrypted
 * with a key of your own needs the use of that key as well.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { reminderMachinePolicy } from '@spaceship/handlers/step-functions'
 * const Statement = reminderMachinePolicy({ target: { stream: 'clients-cdc' }, region: 'eu-west-1', account: '123456789012' })
 */
export function reminderMachinePolicy(options: ReminderMachinePolicyOptions): readonly PolicyStatement[] {
  check('reminderMachinePolicy', MACHINE_POLICY, { options }, () => targetProblems(options))
  const { target, parked, partition = 'aws', region, account } = options
  const arnOf = (service: string, rest: string) => `arn:${partition}:${service}:${region}:${account}:${rest}`
  const deliver =
    target.stream === undefined
      ? allow(['lambda:InvokeFunction'], [functionArn(target.function ?? '', arnOf)])
      : allow(['kinesis:PutRecord'], [arnOf('kinesis', `stream/${target.stream}`)])
  if (parked === undefined) return [deliver]
  const queue = parked.queueUrl.slice(parked.queueUrl.lastIndexOf('/') + 1)
  return [deliver, allow(['sqs:SendMessage'], [arnOf('sqs', queue)])]
}

/**
 * What the program may do that schedules and cancels reminders with `stepFunctions`.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { reminderCallerPolicy } from '@spaceship/handlers/step-functions'
 * const stateMachineArn = 'arn:aws:states:eu-west-1:123456789012:stateMachine:reminders'
 * const Statement = reminderCallerPolicy({ stateMachineArn })
 */
export function reminderCallerPolicy(options: ReminderCallerPolicyOptions): readonly PolicyStatement[] {
  check('reminderCallerPolicy', CALLER_POLICY, { options })
  return callerGrants(options.stateMachineArn).map(({ actions, resources }) => allow(actions, resources))
}

/** The same as what handlers declare. */
export function callerGrants(stateMachineArn: string) {
  const executions = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:*`
  return [
    { service: 'states', actions: ['states:StartExecution'], resources: [stateMachineArn] },
    {
      service: 'states',
      actions: ['states:StopExecution', 'states:DescribeExecution'],
      resources: [executions],
    },
  ]
}

function functionArn(name: string, arnOf: (service: string, rest: string) => string): string {
  return name.startsWith('arn:') ? name : arnOf('lambda', `function:${name}`)
}
