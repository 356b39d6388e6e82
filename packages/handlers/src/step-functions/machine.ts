/**
 * Owns the state machine that reminders wait in, as data: a template takes it as it is.
 *
 * ```
 * WaitUntilDue ──> Deliver ──> end
 *                    │ errors: again for about a day
 *                    └──> Park (a queue), or Undelivered (the execution fails)
 * ```
 * An execution keeps the definition that it was started with, so a definition is changed while executions wait: what is new holds
 * for new executions. One that was stopped is `ABORTED`: that is how a cancelled reminder ends.
 */

import { check, closed, record, required, type ShapesOf, text } from '@spaceship/core/adapter'
import { place } from '../aws/index.ts'
import { SCHEMA_VERSION } from './input.ts'

/** One of the two. */
export interface ReminderTarget {
  /** The name of the ingress stream. @default none */
  readonly stream?: string
  /**
   * The name or ARN of a function made with `lambda` of `@spaceship/runtime-lambda`, which is invoked with the envelope. There is no order
   * between these invocations and the records of a stream. @default none
   */
  readonly function?: string
}

export interface ReminderMachineOptions {
  /** Where due reminders go. */
  readonly target: ReminderTarget
  /** Gets what could not be delivered for about a day. @default the execution fails, and keeps its input for 90 days */
  readonly parked?: {
    /** The URL of an SQS queue. */
    readonly queueUrl: string
  }
  /** `aws-cn` in China, `aws-us-gov` in GovCloud. @default 'aws' */
  readonly partition?: string
}

/** A definition in the Amazon States Language, as `JSON.stringify` or a template takes it. */
export interface ReminderMachine {
  readonly Comment: string
  readonly StartAt: string
  /** A year, after which an execution ends anyway. */
  readonly TimeoutSeconds: number
  readonly States: Readonly<Record<string, MachineState>>
}

export type MachineState = Readonly<Record<string, unknown>> & { readonly Type: string }

const ofMachine = {
  target: required(
    record({ stream: text("the stream's name"), function: text("the function's name or ARN") }),
  ),
  parked: record({ queueUrl: required(text('the URL of an SQS queue')) }),
  partition: place.partition,
} satisfies ShapesOf<ReminderMachineOptions>

export const MACHINE = { options: closed(ofMachine) }
export const machineShapes = ofMachine

/** What passes by itself. An invocation that a function rejects because something is down is an `Unfinished`. */
const PASSING: Readonly<Record<'stream' | 'function', readonly string[]>> = {
  stream: [
    'Kinesis.ProvisionedThroughputExceededException',
    'Kinesis.KmsThrottlingException',
    'Kinesis.InternalFailureException',
    'Kinesis.KinesisException',
    'Kinesis.SdkClientException',
    'States.Timeout',
  ],
  function: [
    'Lambda.ClientExecutionTimeoutException',
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.TooManyRequestsException',
    'Unfinished',
    'States.Timeout',
  ],
}

const YEAR_SECONDS = 31_536_000
const LONGEST_DELAY = 300

/** With full jitter half of the longest delay passes between two attempts on the average: these take about a day. */
const PASSING_ATTEMPTS = 580
const OTHER_ATTEMPTS = 12

/** Longer than a function may run: a delivery that is still under way is not made a second time. */
const DELIVERY_SECONDS = { stream: 60, function: 960 }

/**
 * The definition of the state machine whose ARN `stepFunctions` is given: of the type STANDARD, with a role that may do what
 * `reminderMachinePolicy` says.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { reminderMachine } from '@spaceship/handlers/step-functions'
 * const definition = JSON.stringify(reminderMachine({ target: { stream: 'clients-cdc' } }))
 */
export function reminderMachine(options: ReminderMachineOptions): ReminderMachine {
  check('reminderMachine', MACHINE, { options }, () => targetProblems(options))
  const { target, parked, partition = 'aws' } = options
  const kind = target.stream === undefined ? 'function' : 'stream'
  return {
    Comment: `reminders of spaceship, input of schemaVersion ${SCHEMA_VERSION}`,
    StartAt: 'WaitUntilDue',
    TimeoutSeconds: YEAR_SECONDS,
    States: {
      WaitUntilDue: { Type: 'Wait', TimestampPath: '$.fireAt', Next: 'Deliver' },
      Deliver: {
        Type: 'Task',
        ...delivery(target, partition),
        TimeoutSeconds: DELIVERY_SECONDS[kind],
        ResultPath: null,
        Retry: [
          retrier(PASSING[kind], PASSING_ATTEMPTS),
          // A set-up that is wrong, or an error that nobody knows: somebody may mend it.
          retrier(['States.ALL'], OTHER_ATTEMPTS),
        ],
        Catch: [
          {
            ErrorEquals: ['States.ALL'],
            ResultPath: '$.error',
            Next: parked === undefined ? 'Undelivered' : 'Park',
          },
        ],
        End: true,
      },
      ...(parked === undefined ? { Undelivered } : { Park: park(parked.queueUrl, partition) }),
    },
  }
}

/** The record's data is an object: what is handed to an API as a blob is written as JSON. */
function delivery({ stream, function: name }: ReminderTarget, partition: string) {
  return stream === undefined
    ? {
        Resource: `arn:${partition}:states:::lambda:invoke`,
        Parameters: { FunctionName: name, 'Payload.$': '$.envelope' },
      }
    : {
        Resource: `arn:${partition}:states:::aws-sdk:kinesis:putRecord`,
        Parameters: { StreamName: stream, 'PartitionKey.$': '$.partitionKey', 'Data.$': '$.envelope' },
      }
}

/** What failed is named by its error alone: the cause may quote what was sent. */
function park(queueUrl: string, partition: string): MachineState {
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::sqs:sendMessage`,
    Parameters: {
      QueueUrl: queueUrl,
      // A FIFO queue takes no message without both.
      ...(queueUrl.endsWith('.fifo') && {
        'MessageGroupId.$': '$.partitionKey',
        'MessageDeduplicationId.$': '$$.Execution.Name',
      }),
      MessageBody: {
        'execution.$': '$$.Execution.Name',
        'fireAt.$': '$.fireAt',
        'envelope.$': '$.envelope',
        'partitionKey.$': '$.partitionKey',
        'error.$': '$.error.Error',
        'schemaVersion.$': '$.schemaVersion',
      },
    },
    TimeoutSeconds: 60,
    Retry: [retrier(['States.ALL'], PASSING_ATTEMPTS)],
    End: true,
  }
}

const Undelivered: MachineState = {
  Type: 'Fail',
  Error: 'Spaceship.Undelivered',
  Cause: 'the reminder could not be delivered: mend what its last error names, and redrive the execution',
}

function retrier(errors: readonly string[], attempts: number) {
  return {
    ErrorEquals: errors,
    IntervalSeconds: 2,
    BackoffRate: 2,
    MaxDelaySeconds: LONGEST_DELAY,
    MaxAttempts: attempts,
    JitterStrategy: 'FULL',
  }
}

/** It must stand any arguments. */
export function targetProblems(options: unknown): string[] {
  const { target } = Object(options)
  const given = ['stream', 'function'].filter((name) => Object(target)[name] !== undefined)
  if (target === undefined || given.length === 1) return []
  return [
    `'target' has ${given.length === 0 ? 'neither a stream nor a function' : "'stream' and 'function'"}: expected one of them`,
  ]
}
