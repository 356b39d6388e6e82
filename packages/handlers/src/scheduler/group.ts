/**
 * Owns what EventBridge Scheduler needs beside a client, as data for a template: a group of its own, so that what a program may do ends
 * there, what the program may do, and the role with which Scheduler puts records.
 */

import { check, closed, required, type ShapesOf, text } from '@spaceship/core/adapter'
import {
  allow,
  roleArn as ofRole,
  streamArn as ofStream,
  type PolicyStatement,
  place,
  type TrustStatement,
} from '../aws/index.ts'

export interface ScheduleGroupOptions {
  /** The group's name, as `eventBridgeScheduler` is given it. */
  readonly group: string
  /** Where the group is. */
  readonly region: string
  /** The account's id. */
  readonly account: string
  /** The ingress stream on which due reminders arrive. */
  readonly streamArn: string
  /** The role with which Scheduler puts records. */
  readonly roleArn: string
  /** `aws-cn` in China, `aws-us-gov` in GovCloud. @default 'aws' */
  readonly partition?: string
}

export interface ScheduleGroup {
  /** The properties of an `AWS::Scheduler::ScheduleGroup`. */
  readonly group: { readonly Name: string }
  /** For the program's role. */
  readonly caller: readonly PolicyStatement[]
  /** For the role with which Scheduler puts records. */
  readonly target: readonly PolicyStatement[]
  /** Whom that role trusts. */
  readonly trust: TrustStatement
}

export const SCHEDULE_GROUP = {
  options: closed({
    group: required(text("the group's name")),
    ...place,
    streamArn: ofStream,
    roleArn: ofRole,
  } satisfies ShapesOf<ScheduleGroupOptions>),
}

/**
 * The group of a program's schedules, and who may do what with it: the program makes, looks for and removes schedules of this group alone and
 * hands on one role, to Scheduler alone; that role puts records on one stream, for this group alone.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { scheduleGroup } from '@spaceship/handlers/scheduler'
 * const { group, caller, target, trust } = scheduleGroup({
 *   group: 'reminders',
 *   region: 'eu-west-1',
 *   account: '123456789012',
 *   streamArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/clients-cdc',
 *   roleArn: 'arn:aws:iam::123456789012:role/reminders-target',
 * })
 */
export function scheduleGroup(options: ScheduleGroupOptions): ScheduleGroup {
  check('scheduleGroup', SCHEDULE_GROUP, { options })
  const { group, region, account, streamArn, roleArn, partition = 'aws' } = options
  const of = (kind: string) => `arn:${partition}:scheduler:${region}:${account}:${kind}/${group}`
  return {
    group: { Name: group },
    caller: [
      allow(
        ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule', 'scheduler:GetSchedule'],
        [`${of('schedule')}/*`],
      ),
      {
        ...allow(['iam:PassRole'], [roleArn]),
        Condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      },
    ],
    target: [allow(['kinesis:PutRecord'], [streamArn])],
    trust: {
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { Service: 'scheduler.amazonaws.com' },
      Condition: {
        StringEquals: { 'aws:SourceAccount': account, 'aws:SourceArn': of('schedule-group') },
      },
    },
  }
}
