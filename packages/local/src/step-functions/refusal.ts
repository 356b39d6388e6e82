/** Owns what Step Functions refuses, in its words. */

import type { AwsFault } from '../http/index.ts'

export function fault(type: string, message: string): AwsFault {
  return { type, message }
}

export const refusals = {
  arn: (arn: unknown) => fault('InvalidArn', `Invalid Arn: 'Invalid ARN prefix: ${String(arn)}'`),
  name: (name: unknown) => fault('InvalidName', `Invalid Name: '${String(name)}'`),
  token: () => fault('InvalidToken', "Invalid Token: 'Invalid token'"),
  definition: (why: string) => fault('InvalidDefinition', `Invalid State Machine Definition: '${why}'`),
  validation: (message: string) => fault('ValidationException', message),
  noMachine: (arn: string) => fault('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`),
  noExecution: (arn: string) => fault('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`),
  twice: (arn: string) => fault('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`),
  input: (why: string) => fault('InvalidExecutionInput', `Invalid State Machine Execution Input: '${why}'`),
} as const
