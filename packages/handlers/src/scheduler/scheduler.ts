import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  type SchedulerClient,
} from '@aws-sdk/client-scheduler'
import { bare, callable, check, plain, required, type ShapesOf, text } from '@spaceship/core/adapter'
import type { Execution, ReminderScheduler } from '@spaceship/core/ports'
import { classified, nameOf, client as sdk } from '../aws/index.ts'

export interface EventBridgeSchedulerOptions {
  readonly client: SchedulerClient
  /** The ingress stream on which due reminders arrive. */
  readonly streamArn: string
  /** The role with which Scheduler puts records: `kinesis:PutRecord` on the stream. */
  readonly roleArn: string
  /** @default 'default' */
  readonly group?: string
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

const arn = (what: string, pattern: RegExp) =>
  required(plain(`the ARN of ${what}`, (given) => typeof given === 'string' && pattern.test(given)))

export const SCHEDULER = {
  options: bare({
    client: required(sdk('SchedulerClient')),
    streamArn: arn('a Kinesis stream', /^arn:[^:]+:kinesis:[^:]*:[^:]*:stream\/.+/),
    roleArn: arn('an IAM role', /^arn:[^:]+:iam::/),
    group: text("the group's name"),
    now: callable,
  } satisfies ShapesOf<EventBridgeSchedulerOptions>),
}

/**
 * A ReminderScheduler on EventBridge Scheduler: one self-deleting schedule per reminder, which puts the envelope straight on
 * the stream. AWS fires within the named minute.
 *
 * @throws ConfigurationError that lists every problem
 */
export function eventBridgeScheduler(options: EventBridgeSchedulerOptions): ReminderScheduler {
  check('eventBridgeScheduler', SCHEDULER, { options })
  const { client, streamArn, roleArn, group = 'default', now = Date.now } = options

  function scheduleOf({ name, dueAt, envelope, partitionKey }: Execution): CreateScheduleCommandInput {
    return {
      Name: name,
      GroupName: group,
      ScheduleExpression: `at(${atSecond(Math.max(dueAt.getTime(), now()))})`,
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'DELETE',
      Target: {
        Arn: streamArn,
        RoleArn: roleArn,
        Input: envelope,
        KinesisParameters: { PartitionKey: partitionKey },
      },
    }
  }

  return {
    start: async (execution) => {
      try {
        await client.send(new CreateScheduleCommand(scheduleOf(execution)))
      } catch (error) {
        // The name holds the generation, so the schedule that is there is this one.
        if (nameOf(error) !== 'ConflictException') throw classified('eventbridge-scheduler', error)
      }
      return execution.name
    },
    stop: async (reference) => {
      try {
        await client.send(new DeleteScheduleCommand({ Name: reference, GroupName: group }))
        return true
      } catch (error) {
        if (nameOf(error) === 'ResourceNotFoundException') return false
        throw classified('eventbridge-scheduler', error)
      }
    },
  }
}

/** Rounded up to Scheduler's seconds, so that nothing fires before its time. */
function atSecond(moment: number): string {
  return new Date(Math.ceil(moment / 1_000) * 1_000).toISOString().slice(0, 19)
}
