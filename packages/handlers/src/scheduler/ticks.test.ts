import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import { reactor } from '@spaceship/core'
import { cron } from '@spaceship/core/cron'
import { launch } from '@spaceship/local'
import { expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { tickSchedules } from './index.ts'

const options = {
  application: 'app',
  streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/ingress',
  roleArn: 'arn:aws:iam::000000000000:role/ticks',
  from: new Date('2026-03-01T12:01:00Z'),
}
const handle = () => {}

test('each route made with every has a schedule that the embedded ship takes, and other routes have none', async () => {
  const app = reactor('watch')
    .every('count', { each: '5m', delay: '30s' }, handle)
    .every('hourly', { each: '2h' }, handle)
    .every('daily', { each: '1d' }, handle)
    .every('morning', { cron: cron('0 9 * * 1-5', { zone: 'Europe/Berlin' }) }, handle)
    .every('each-day', { cron: cron('0 9 * * 0-7') }, handle)
    .every('weekend', { cron: cron('0 9 * * 5-7') }, handle)
    .every('every-other', { cron: cron('0 9 * * 1-7/2') }, handle)
    .every('sundays', { cron: cron('30 8 * * 0,7') }, handle)
    .every('last', { cron: cron('0 0 L * *') }, handle)
    .every('second-friday', { cron: cron('*/15 6 * 1-6 5#2') }, handle)
  const schedules = tickSchedules(app, options)
  expect(
    schedules.map((one) => [
      one.ScheduleExpression,
      one.ScheduleExpressionTimezone,
      one.StartDate?.toISOString(),
    ]),
  ).toEqual([
    ['rate(5 minutes)', 'UTC', '2026-03-01T12:05:30.000Z'],
    ['rate(2 hours)', 'UTC', '2026-03-01T14:00:00.000Z'],
    ['rate(1 day)', 'UTC', '2026-03-02T00:00:00.000Z'],
    ['cron(0 9 ? * 2-6 *)', 'Europe/Berlin', undefined],
    ['cron(0 9 ? * 1,2,3,4,5,6,7 *)', 'UTC', undefined],
    ['cron(0 9 ? * 6,7,1 *)', 'UTC', undefined],
    ['cron(0 9 ? * 2,4,6,1 *)', 'UTC', undefined],
    ['cron(30 8 ? * 1 *)', 'UTC', undefined],
    ['cron(0 0 L * ? *)', 'UTC', undefined],
    ['cron(*/15 6 ? 1-6 6#2 *)', 'UTC', undefined],
  ])
  expect(schedules[0]?.Target).toMatchObject({
    Input: expect.stringContaining('"route":"watch/count","scheduled":"<aws.scheduler.scheduled-time>"'),
    KinesisParameters: { PartitionKey: 'watch/count' },
  })
  await using ship = await launch({ emulators, streams: ['ingress'] })
  const client = new SchedulerClient(ship.clientConfig('scheduler'))
  for (const { StartDate: _, ...schedule } of schedules)
    await client.send(new CreateScheduleCommand(schedule))
  client.destroy()
})

test('what Scheduler cannot keep is refused, all of it at once', () => {
  const app = reactor('watch')
    .every('often', { each: '10s' }, handle)
    .every('late', { cron: cron('0 9 * * *'), delay: '5m' }, handle)
    .every('either', { cron: cron('0 9 1 * 1') }, handle)
  expect(() => tickSchedules(app, options)).toThrow(
    /'watch\/often': its windows have 10000 ms.*'watch\/late': its cron has a 'delay'.*'watch\/either': its cron '0 9 1 \* 1' has two days/s,
  )
})
