import { expect, test } from 'vitest'
import { scheduleGroup } from './index.ts'

test('the program may change schedules of its group alone, and Scheduler may put records for this group alone', () => {
  const { group, caller, target, trust } = scheduleGroup({
    group: 'reminders',
    region: 'eu-west-1',
    account: '123456789012',
    streamArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/ingress',
    roleArn: 'arn:aws:iam::123456789012:role/target',
  })
  expect(group).toEqual({ Name: 'reminders' })
  expect(caller).toEqual([
    {
      Effect: 'Allow',
      Action: ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule', 'scheduler:GetSchedule'],
      Resource: ['arn:aws:scheduler:eu-west-1:123456789012:schedule/reminders/*'],
    },
    {
      Effect: 'Allow',
      Action: ['iam:PassRole'],
      Resource: ['arn:aws:iam::123456789012:role/target'],
      Condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
    },
  ])
  expect(target).toEqual([
    {
      Effect: 'Allow',
      Action: ['kinesis:PutRecord'],
      Resource: ['arn:aws:kinesis:eu-west-1:123456789012:stream/ingress'],
    },
  ])
  expect(trust).toMatchObject({
    Principal: { Service: 'scheduler.amazonaws.com' },
    Condition: {
      StringEquals: {
        'aws:SourceAccount': '123456789012',
        'aws:SourceArn': 'arn:aws:scheduler:eu-west-1:123456789012:schedule-group/reminders',
      },
    },
  })
})
