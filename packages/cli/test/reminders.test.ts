/** Reminders from a command line: what is due, what is known of it, cancelling it and sending it now. */

import { userInfo } from 'node:os'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { reminder } from '@spaceship/core'
import { memoryScheduler } from '@spaceship/core/memory'
import { createReminders } from '@spaceship/core/reminders'
import { dynamodbState } from '@spaceship/handlers/dynamodb'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { projectWith } from './project.ts'
import { shipFor } from './ship.ts'

const CONFIG = `
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { defineConfig } from '@spaceship/cli'
import { reactor } from '@spaceship/core'
import { memoryScheduler } from '@spaceship/core/memory'
import { createReminders } from '@spaceship/core/reminders'
import { dynamodbState } from '@spaceship/handlers/dynamodb'

export default defineConfig({
  application: 'greeter',
  streams: ['cdc'],
  reactors: () => [reactor('greeter')],
  reminders: () => createReminders({
    application: 'greeter',
    state: dynamodbState({ client: new DynamoDBClient(), table: 'greeter-state', sorted: true }),
    scheduler: memoryScheduler(),
  }),
})
`

const tutorial = reminder('tutorial', { payload: z.object({ id: z.string() }), key: (p) => p.id })
const invoice = reminder('invoice', { payload: z.object({ id: z.string() }), key: (p) => p.id })

async function shipWithReminders() {
  const project = projectWith({ 'spaceship.config.ts': CONFIG })
  const ship = await shipFor(project)
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: ship.environment.AWS_ENDPOINT_URL_DYNAMODB ?? '',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  })
  const state = dynamodbState({ client, table: 'greeter-state', sorted: true })
  const reminders = createReminders({ application: 'greeter', state, scheduler: memoryScheduler() })
  await reminders.of(tutorial).schedule({ id: 'acme' }, { in: '2h' })
  await reminders.of(tutorial).schedule({ id: 'globex' }, { in: '3d' })
  await reminders.of(invoice).schedule({ id: 'acme' }, { in: '30m' })
  await reminders.of(tutorial).schedule({ id: 'initech' }, { in: '5h' })
  await reminders.of(tutorial).cancel('initech')
  return {
    project,
    reminders,
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      await ship[Symbol.asyncDispose]()
      project[Symbol.dispose]()
    },
  }
}

const lines = (out: string) => out.split('\n').filter((line) => line !== '')

test('the list has what is due in a range of time, by name and status', async () => {
  await using flight = await shipWithReminders()
  const { project } = flight
  const keys = async (...args: string[]) => {
    const { out, code, err } = await project.spaceship(['reminders', 'list', '--json', ...args])
    expect(code, err).toBe(0)
    return lines(out).map((line) => {
      const { reminder: name, key, status } = JSON.parse(line)
      return `${name} ${key} ${status}`
    })
  }
  expect(await keys()).toEqual(['invoice acme pending', 'tutorial acme pending', 'tutorial globex pending'])
  expect(await keys('tutorial', '--to', '1d')).toEqual(['tutorial acme pending'])
  expect(await keys('--status', 'cancelled')).toEqual(['tutorial initech cancelled'])
  expect(await keys('--from', '2000-01-01T00:00:00Z', '--to', '2000-01-02T00:00:00Z')).toEqual([])
  const shown = await project.spaceship(['reminders', 'list', '--limit', '1'])
  expect(shown.out).toMatch(
    /due +reminder +key +status +generation +scheduler\n *in 2?9|30 m? +invoice +acme +pending/,
  )
  expect(shown.err).toContain('… 2 more: --limit 3 shows them')
  const json = await project.spaceship(['reminders', 'list', '--limit', '1', '--json'])
  expect([lines(json.out).length, json.err]).toEqual([1, '… 2 more: --limit 3 shows them'])
})

test('inspect shows the payload, the execution and what its scheduler says', async () => {
  await using flight = await shipWithReminders()
  const { project } = flight
  const { out } = await project.spaceship(['reminders', 'inspect', 'tutorial', 'acme', '--json'])
  expect(JSON.parse(out)).toMatchObject({
    ...{
      reminder: 'tutorial',
      key: 'acme',
      status: 'pending',
      generation: expect.any(Number),
      payload: { id: 'acme' },
    },
    ...{ scheduler: 'memory', waits: 'gone' },
  })
  expect((await project.spaceship(['reminders', 'inspect', 'tutorial', 'acme'])).out).toMatch(
    /status +pending/,
  )
  const missing = await project.spaceship(['reminders', 'inspect', 'tutorial', 'nobody'])
  expect([missing.code, missing.err]).toEqual([
    3,
    expect.stringContaining("nobody has scheduled the reminder 'tutorial' of 'nobody'"),
  ])
})

test('cancel and fire act on one reminder or a range, with an audit line each; a dry run does nothing', async () => {
  await using flight = await shipWithReminders()
  const { project, reminders } = flight
  const by = userInfo().username
  const status = async (key: string) => (await reminders.of(tutorial).inspect(key))?.status

  const dry = await project.spaceship([
    'reminders',
    'cancel',
    'tutorial',
    '--to',
    '7d',
    '--dry-run',
    '--json',
  ])
  expect(lines(dry.out).map((line) => JSON.parse(line))).toMatchObject([
    { message: 'cancel would be asked for', details: { reminder: 'tutorial', key: 'acme', by } },
    { message: 'cancel would be asked for', details: { reminder: 'tutorial', key: 'globex', by } },
  ])
  expect(dry.err).toContain('2 would be asked to cancel')
  expect(await status('acme')).toBe('pending')

  const cancelled = await project.spaceship(['reminders', 'cancel', 'tutorial', 'acme', '--json'])
  expect(JSON.parse(cancelled.out)).toMatchObject({
    message: 'cancel asked for',
    details: { reminder: 'tutorial', key: 'acme', result: 'cancelled', by },
  })
  expect(await status('acme')).toBe('cancelled')

  const fired = await project.spaceship(['reminders', 'fire', 'tutorial', 'globex'])
  expect(fired.err).toContain('1 due now')
  expect((await reminders.of(tutorial).inspect('globex'))?.dueAt?.getTime()).toBeLessThanOrEqual(Date.now())
  expect((await project.spaceship(['reminders', 'fire', 'tutorial', 'acme'])).err).toContain('1 nothing')
})

test.each([
  [['cancel', 'tutorial'], 'no reminder is named: expected a key, or a range of time'],
  [['cancel', 'tutorial', 'acme', '--to', '1d'], 'a key and a range of time are given'],
  [['list', '--status', 'open'], "--status is 'open': expected pending"],
  [['list', '--from', 'soon'], "--from is 'soon': expected an ISO time"],
  [['list', '--limit', '0'], "--limit is '0'"],
])('%j is refused with what was expected', async (args, message) => {
  // Refused before anything is asked of a ship.
  using project = projectWith({ 'spaceship.config.ts': CONFIG })
  const { code, err } = await project.spaceship(['reminders', ...args])
  expect([code, err]).toEqual([2, expect.stringContaining(message)])
})
