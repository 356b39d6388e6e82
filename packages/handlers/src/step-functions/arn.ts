/** Owns the names of what is started: the ARN of an execution follows from that of its state machine and its name. */

import { arn } from '../aws/index.ts'

/** Neither a version nor an alias: an execution keeps its definition anyway. */
export const stateMachine = arn(
  "a state machine, such as 'arn:aws:states:eu-west-1:123456789012:stateMachine:reminders'",
  /^arn:[^:]+:states:[^:]+:[^:]*:stateMachine:[^:/]+$/,
)

const NAME = /^[\w-]{1,80}$/
const EXECUTION = /^arn:[^:]+:states:[^:]+:[^:]*:execution:[^:]+:[^:]+$/

export function executionArn(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`
}

/** The ARN of a reference, which may be a name; undefined for what names no execution, such as another scheduler's reference. */
export function referredArn(stateMachineArn: string, reference: string): string | undefined {
  if (EXECUTION.test(reference)) return reference
  return NAME.test(reference) ? executionArn(stateMachineArn, reference) : undefined
}
