import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, expect, test } from 'vitest'
import * as z from 'zod'
import { type Announced, aboutRecord, createEngine, ENGINES } from '../engine.ts'
import { entity, marshal, reactor } from '../index.ts'
import { memoryDeadLetters, memoryState, virtualClock } from '../memory/index.ts'
import { silent } from '../ports/index.ts'

const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string() }) })
const source = { stream: 's', shard: 'shardId-0', redelivers: 'none' } as const

function record(id: string) {
  const dynamodb = {
    ApproximateCreationDateTime: 1_796_000_000_000,
    Keys: marshal({ id }),
    NewImage: marshal({ id }),
  }
  const change = { eventName: 'INSERT', tableName: 'clients', dynamodb }
  const data = new TextEncoder().encode(JSON.stringify(change))
  return { sequence: '1', subSequence: 0, partitionKey: id, data, arrivedAt: new Date(0) }
}

const engineOf = (application: string, own: { observe?: () => void; lines?: string[] } = {}) =>
  createEngine({
    application,
    reactors: [reactor('r').on('see', Client.created('client.joined'), () => {})],
    state: memoryState(),
    deadLetters: memoryDeadLetters(),
    clock: virtualClock(),
    ...(own.observe === undefined ? {} : { observe: own.observe }),
    logger:
      own.lines === undefined ? silent : { ...silent, error: (message) => void own.lines?.push(message) },
  })

const listeners: ((message: unknown) => void)[] = []
afterEach(() => {
  for (const listener of listeners.splice(0)) unsubscribe(ENGINES, listener)
})

function announcements(hear: (announced: Announced) => void): void {
  // Only engines publish on their channel.
  const listener = (message: unknown) => hear(message as Announced)
  listeners.push(listener)
  subscribe(ENGINES, listener)
}

test('an engine is announced with what explains its records, and its steps are told beside those of its own observer', async () => {
  const heard: string[] = []
  let own = 0
  announcements(({ engine, observe }) => {
    observe(({ step, route }, told) =>
      heard.push(`${engine.application}: ${step} ${route} ${aboutRecord(told).what}`),
    )
    observe((_, told) => heard.push(String(engine.explain(told)[0]?.matched)))
  })
  const observe = () => {
    own += 1
  }
  const engine = engineOf('app', { observe })
  const delivery = await engine.open(source)
  await delivery.push([record('acme')])
  await delivery.quiet()
  expect(heard).toEqual([
    "app: taken r/see clients 'acme' created",
    'true',
    "app: started r/see clients 'acme' created",
    'true',
    "app: done r/see clients 'acme' created",
    'true',
  ])
  expect(own).toBe(3)
})

test('each engine is announced once, also without an observer of its own; one made before is not', () => {
  engineOf('before')
  const heard: string[] = []
  announcements(({ engine }) => heard.push(engine.application))
  engineOf('first')
  engineOf('second')
  expect(heard).toEqual(['first', 'second'])
})

test('a subscriber whose observer throws holds up no record', async () => {
  const lines: string[] = []
  announcements(({ observe }) =>
    observe(() => {
      throw new Error('mine')
    }),
  )
  const delivery = await engineOf('app', { lines }).open(source)
  await delivery.push([record('acme')])
  await delivery.quiet()
  expect(delivery.complete).toBe(true)
  expect(lines).toEqual(['an observer failed: it must return at once and never throw'])
})
