/**
 * Owns reminders on EventBridge Scheduler. Beside the table of `../aws/errors.ts`, which says it of all of AWS:
 *
 * | Scheduler says                                              | is                                                    |
 * |-------------------------------------------------------------|-------------------------------------------------------|
 * | `ConflictException`, as a schedule is made                  | done: the name holds the generation, so it is this one |
 * | `ConflictException`, as one is removed                      | an outage: it is being changed                        |
 * | `ResourceNotFoundException`, as a schedule is made          | set-up `not-found`: the group is missing              |
 * | `ResourceNotFoundException`, as one is removed              | done: it has fired, or never was                      |
 * | `ValidationException`, of the role                          | set-up `denied`: Scheduler may not assume it          |
 * | any other `ValidationException`                             | Permanent                                             |
 */

import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  type SchedulerClient,
} from '@aws-sdk/client-scheduler'
import { Unavailable } from '@spaceship/core'
import { bare, callable, check, required, type ShapesOf, text } from '@spaceship/core/adapter'
import type { Execution, ReminderScheduler } from '@spaceship/core/ports'
import {
  type About,
  classified,
  nameOf,
  roleArn as ofRole,
  streamArn as ofStream,
  partitionKeyFor,
  client as sdk,
} from '../aws/index.ts'

const DEPENDENCY = 'eventbridge-scheduler'

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

export const SCHEDULER = {
  options: bare({
    client: required(sdk('SchedulerClient')),
    streamArn: ofStream,
    roleArn: ofRole,
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
  const { started, stopped, found } = errorsOf(group, roleArn)

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
        KinesisParameters: { PartitionKey: partitionKeyFor(partitionKey) },
      },
    }
  }

  const [, partition, , region, account] = streamArn.split(':')
  return {
    // It fires within the minute that a schedule names; nothing limits how far ahead that is.
    capabilities: {
      name: 'eventbridge-scheduler',
      precision: 60_000,
      horizon: undefined,
      nativeCancel: true,
    },
    grants: [
      {
        service: 'scheduler',
        actions: ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule', 'scheduler:GetSchedule'],
        resources: [`arn:${partition}:scheduler:${region}:${account}:schedule/${group}/*`],
      },
      { service: 'iam', actions: ['iam:PassRole'], resources: [roleArn] },
    ],
    start: async (execution) => {
      try {
        await client.send(new CreateScheduleCommand(scheduleOf(execution)))
      } catch (error) {
        if (nameOf(error) !== 'ConflictException') throw started(error)
      }
      return execution.name
    },
    stop: async (reference) => {
      try {
        await client.send(new DeleteScheduleCommand({ Name: reference, GroupName: group }))
        return true
      } catch (error) {
        if (nameOf(error) === 'ResourceNotFoundException') return false
        throw stopped(error)
      }
    },
    find: async (reference) => {
      try {
        await client.send(new GetScheduleCommand({ Name: reference, GroupName: group }))
        return 'waiting'
      } catch (error) {
        if (nameOf(error) === 'ResourceNotFoundException') return 'gone'
        throw found(error)
      }
    },
    // A schedule that nobody made is removed: the group and the action are asked for, and nothing is left.
    check: async () => {
      try {
        await client.send(
          new DeleteScheduleCommand({ Name: `spaceship-check-${crypto.randomUUID()}`, GroupName: group }),
        )
      } catch (error) {
        if (nameOf(error) !== 'ResourceNotFoundException') throw stopped(error)
        if (/schedule ?group/i.test(String(Object(error).message))) throw started(error)
      }
    },
  }
}

/** Scheduler tries the role as it makes a schedule, and answers that its request were wrong. */
const ROLE = /execution role|must allow .* to assume/i

/** The errors of a group's requests, as the tables say. */
function errorsOf(group: string, roleArn: string) {
  const about = (action: string): About => ({
    dependency: DEPENDENCY,
    resource: `schedule group '${group}'`,
    actions: [`scheduler:${action}`],
  })
  return {
    started: (cause: unknown): unknown => {
      if (nameOf(cause) !== 'ValidationException' || !ROLE.test(String(Object(cause).message)))
        return classified(about('CreateSchedule'), cause)
      const resource = `role '${roleArn}'`
      const advice = `let scheduler.amazonaws.com assume the ${resource}, and grant it kinesis:PutRecord on the stream`
      const setup = { reason: 'denied', resource, advice } as const
      return new Unavailable(DEPENDENCY, `Scheduler cannot assume the ${resource}: ${advice}`, {
        cause,
        setup,
      })
    },
    stopped: (cause: unknown): unknown =>
      nameOf(cause) === 'ConflictException'
        ? new Unavailable(DEPENDENCY, 'the schedule is being changed', { cause })
        : classified(about('DeleteSchedule'), cause),
    found: (cause: unknown): unknown => classified(about('GetSchedule'), cause),
  }
}

/** Rounded up to Scheduler's seconds, so that nothing fires before its time. */
function atSecond(moment: number): string {
  return new Date(Math.ceil(moment / 1_000) * 1_000).toISOString().slice(0, 19)
}
