/** What handlers say that a deployment has to give them: permissions, addresses and secrets, as data. */

import { S3Client } from '@aws-sdk/client-s3'
import { SchedulerClient } from '@aws-sdk/client-scheduler'
import { SFNClient } from '@aws-sdk/client-sfn'
import { Client as OpenSearch } from '@opensearch-project/opensearch'
import { entity, reactor, reminder } from '@spaceship/core'
import { describe as described } from '@spaceship/core/engine'
import { memoryState } from '@spaceship/core/memory'
import type { ReminderScheduler } from '@spaceship/core/ports'
import { createReminders } from '@spaceship/core/reminders'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { createSearch, searchIndex } from '../src/opensearch/index.ts'
import { s3Archive } from '../src/s3/index.ts'
import { eventBridgeScheduler } from '../src/scheduler/index.ts'
import { createSlack } from '../src/slack/index.ts'
import { stepFunctions } from '../src/step-functions/index.ts'
import { memorySearch } from '../src/testing/index.ts'

const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string() }) })
const saved = Client.saved('client.saved')
const due = reminder('due', { payload: z.object({ id: z.string() }), key: (p) => p.id })

function needsOf(build: (made: ReturnType<typeof reactor>) => ReturnType<typeof reactor>) {
  return described(build(reactor('r'))).flatMap(({ needs }) => needs)
}

test('search grants writes to one index, or to the versions of one that Spaceship keeps, which it may have to make; and no other', () => {
  const nodes = ['https://hush:hush@one.test:9200', 'https://two.test', 'https://two.test/path']
  const client = new OpenSearch({ nodes })
  const search = createSearch({ client })
  const making = createSearch({ client, create: true })
  const kept = searchIndex('clients', Client)
  const purge = { each: '1h' } as const
  expect(
    needsOf((r) =>
      r
        .on('a', saved, search.index({ index: 'own', id: (e) => e.key, document: (e) => e.after }))
        .on('b', saved, search.index(kept))
        .on('c', saved, making.index(kept))
        .every('d', purge, making.purge(kept, { after: '8d' })),
    ).map(({ target, grants, endpoints }) => [target, grants, endpoints]),
  ).toEqual(
    [
      ['own', ['es:ESHttpPost'], '/own/_bulk'],
      ['clients', ['es:ESHttpPost', 'es:ESHttpGet'], '/clients-*'],
      ['clients', ['es:ESHttpPost', 'es:ESHttpGet', 'es:ESHttpPut'], '/clients-*'],
      ['clients', ['es:ESHttpPost', 'es:ESHttpGet'], '/clients-*'],
    ].map(([target, actions, path]) => [
      target,
      [{ service: 'es', actions, resources: [path] }],
      ['https://one.test:9200', 'https://two.test'],
    ]),
  )
  const inMemory = needsOf((r) => r.on('a', saved, memorySearch().index(kept)))
  expect(inMemory.map(({ endpoints }) => endpoints)).toEqual([undefined])
})

test('Slack names its address and its secrets, and never shows them', () => {
  const text = () => 'x'
  const bot = createSlack({ token: 'xoxb-hush' })
  const hooks = createSlack({
    webhooks: { '#a': 'https://hooks.slack.com/hush', '#b': 'https://hooks.slack.com/hush' },
  })
  const needs = needsOf((r) =>
    r
      .on('a', saved, bot.notify({ channel: '#a', text }))
      .on('b', saved, hooks.notify({ channel: '#b', text }))
      .on('c', saved, hooks.notify({ channel: () => '#a', text })),
  )
  expect(needs.map(({ endpoints, secrets }) => [endpoints, secrets])).toEqual([
    [['https://slack.com/api'], ['the token of Slack']],
    [['https://hooks.slack.com'], ['the webhook of #b']],
    [['https://hooks.slack.com'], ['the webhook of #a', 'the webhook of #b']],
  ])
  expect(JSON.stringify(needs)).not.toContain('hush')
})

test('reminders need what their scheduler needs; archives may put, and nothing else', () => {
  const stateMachineArn = 'arn:aws:states:eu-west-1:123456789012:stateMachine:reminders'
  const roleArn = 'arn:aws:iam::123456789012:role/target'
  const streamArn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/cdc'
  const schedulers: Readonly<Record<string, ReminderScheduler>> = {
    states: stepFunctions({ client: new SFNClient({ region: 'eu-west-1' }), stateMachineArn }),
    scheduler: eventBridgeScheduler({
      ...{ client: new SchedulerClient({ region: 'eu-west-1' }), streamArn, roleArn, group: 'g' },
    }),
  }
  const grantsWith = (scheduler: ReminderScheduler | undefined) => {
    if (scheduler === undefined) return []
    const reminders = createReminders({ application: 'app', state: memoryState(), scheduler })
    const schedule = reminders.schedule(due, { in: '1d', payload: (e: { key: string }) => ({ id: e.key }) })
    return needsOf((r) => r.on('a', saved, schedule).on('b', due, () => {})).flatMap(
      ({ grants = [] }) => grants,
    )
  }
  expect(grantsWith(schedulers.states)).toEqual([
    { service: 'states', actions: ['states:StartExecution'], resources: [stateMachineArn] },
    {
      service: 'states',
      actions: ['states:StopExecution', 'states:DescribeExecution'],
      resources: ['arn:aws:states:eu-west-1:123456789012:execution:reminders:*'],
    },
  ])
  expect(grantsWith(schedulers.scheduler)).toEqual([
    {
      service: 'scheduler',
      actions: ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule', 'scheduler:GetSchedule'],
      resources: ['arn:aws:scheduler:eu-west-1:123456789012:schedule/g/*'],
    },
    { service: 'iam', actions: ['iam:PassRole'], resources: [roleArn] },
  ])
  const archive = s3Archive({ client: new S3Client({ region: 'eu-west-1' }), bucket: 'b', entity: 'client' })
  expect(needsOf((r) => r.on('a', saved, archive)).flatMap(({ grants = [] }) => grants)).toEqual([
    { service: 's3', actions: ['s3:PutObject'], resources: ['arn:aws:s3:::b/archive/*'] },
  ])
})
