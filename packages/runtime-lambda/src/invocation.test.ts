import { entity, Permanent, reactor, reminder, Unavailable } from '@spaceship/core'
import { tickEnvelope } from '@spaceship/core/engine'
import { silent } from '@spaceship/core/log'
import {
  memoryDeadLetters,
  memoryReferences,
  memoryScheduler,
  memoryState,
  type VirtualClock,
  virtualClock,
} from '@spaceship/core/memory'
import type { StateStore } from '@spaceship/core/ports'
import { createReminders } from '@spaceship/core/reminders'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type DirectInvocation, lambda } from './index.ts'

const START = new Date('2026-11-24T09:00:00Z')
const context = (ms = 30_000) => ({ getRemainingTimeInMillis: () => ms })
const payload = z.object({ id: z.string() })
const welcome = reminder('welcome', { payload, key: ({ id }) => id })
const Client = entity('client', { table: 'clients', key: 'id', schema: payload })

/** A function whose route handles the reminder, and the envelope of one that is due. */
async function due(handle: (id: string) => void | Promise<void>, withState = (state: StateStore) => state) {
  const clock = virtualClock(START)
  const state = memoryState({ clock })
  const scheduler = memoryScheduler()
  const reminders = createReminders({
    application: 'a',
    state,
    scheduler,
    references: memoryReferences(),
    clock,
  })
  const deadLetters = memoryDeadLetters()
  const effect = { effect: 'journal', retry: { attempts: 2, base: '1ms', max: '1ms' } } as const
  const r = reactor('r')
    .on(
      'start',
      Client.created('created'),
      reminders.schedule(welcome, { in: '1h', payload: (e) => e.after }),
    )
    .on('greet', welcome, async ({ payload: { id } }) => handle(id), effect)
  const options = {
    application: 'a',
    state: withState(state),
    deadLetters,
    clock,
    random: () => 0.5,
    logger: silent,
  }
  const start = reminders.schedule(welcome, { in: '1h', payload: () => ({ id: 'acme' }) })
  const moment = START.getTime()
  // It uses nothing else of an event and its context.
  await start({ at: START, version: { min: moment * 1_000, max: moment * 1_000 } } as never, {} as never)
  const [execution] = scheduler.due(moment + 3_600_000)
  await clock.moveTo(moment + 3_600_000)
  const event: DirectInvocation = JSON.parse(execution?.envelope ?? '')
  return { invoke: lambda(r, options), event, clock, deadLetters }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Time passes once all has come to rest, with turns for what it wakes. */
async function passing(clock: VirtualClock, ms: number): Promise<void> {
  await turn()
  await clock.moveTo(clock.now() + ms, turn)
}

test('a due reminder as the event itself is handled once, also if it comes again', async () => {
  const seen: string[] = []
  const { invoke, event } = await due((id) => void seen.push(id))
  expect(await invoke(event, context())).toEqual({ batchItemFailures: [] })
  expect(await invoke(event, context())).toEqual({ batchItemFailures: [] })
  expect(seen).toEqual(['acme'])
})

test('a tick is handled, and one of another application is left alone', async () => {
  const seen: string[] = []
  const clock = virtualClock(START)
  const state = memoryState({ clock })
  const r = reactor('r').every('watch', { each: '5m' }, ({ to }) => void seen.push(to.toISOString()))
  const options = { application: 'a', state, deadLetters: memoryDeadLetters(), clock, logger: silent }
  const invoke = lambda(r, options)
  for (const application of ['a', 'b', 'a'])
    await invoke(
      JSON.parse(tickEnvelope({ application, route: 'r/watch', scheduled: START.toISOString() })),
      context(),
    )
  expect(seen).toEqual([START.toISOString()])
})

test('what waits for a dependency is told as an error with a name for the Retry of the caller, and is handled as it comes again', async () => {
  let isDown = true
  const seen: string[] = []
  const { invoke, event, clock, deadLetters } = await due((id) => {
    if (isDown) throw new Unavailable('mail')
    seen.push(id)
  })
  const first = invoke(event, context())
  const told = first.catch((error: unknown) => error)
  await passing(clock, 30_000)
  expect(await told).toMatchObject({ name: 'Unfinished', code: 'unfinished' })
  isDown = false
  const second = invoke(event, context())
  await passing(clock, 30_000)
  expect(await second).toEqual({ batchItemFailures: [] })
  expect(seen).toEqual(['acme'])
  expect(deadLetters.letters).toEqual([])
})

test('what is given up on is a dead letter, and the invocation resolves', async () => {
  const { invoke, event, deadLetters } = await due(() => {
    throw new Permanent('never')
  })
  expect(await invoke(event, context())).toEqual({ batchItemFailures: [] })
  expect(deadLetters.letters).toMatchObject([
    { reason: 'permanent', stream: 'invocation', shard: 'direct', route: 'greet' },
  ])
})

test('other envelopes and events are refused with what is expected', async () => {
  const { invoke } = await due(() => {})
  for (const event of [{ spaceship: 1, kind: 'redrive' }, { spaceship: 2, kind: 'tick' }, {}])
    await expect(invoke(event as never, context())).rejects.toMatchObject({
      code: 'not-kinesis',
      message: expect.stringContaining('a due reminder or a tick'),
    })
})

for (const how of ['is down', 'is down once the journal was read', 'hangs'] as const)
  test(`a due reminder as the event itself is asked for again while the state store ${how}: a state machine does so for a day`, async () => {
    let isDown = true
    let calls = 0
    const failing =
      <A extends readonly unknown[], T>(ask: (...args: A) => Promise<T>) =>
      (...args: A): Promise<T> => {
        calls += 1
        if (!isDown || (how === 'is down once the journal was read' && calls < 3)) return ask(...args)
        return how === 'hangs' ? new Promise(() => {}) : Promise.reject(new Unavailable('dynamodb'))
      }
    const seen: string[] = []
    const { invoke, event, clock } = await due(
      (id) => void seen.push(id),
      (state) => ({ ...state, get: failing(state.get), set: failing(state.set) }),
    )
    const answer = invoke(event, context()).catch((error: unknown) => error)
    await passing(clock, 40_000)
    expect(await answer).toMatchObject({ name: 'Unfinished', code: 'unfinished' })
    isDown = false
    await invoke(event, context())
    expect(seen).toEqual(['acme'])
  })

test('a wrong set-up of a store is told as what it is, and not as something that passes', async () => {
  const setup = { reason: 'denied', resource: 'table t', advice: 'grant dynamodb:GetItem' } as const
  const denied = () => Promise.reject(new Unavailable('dynamodb', 'denied', { setup }))
  const { invoke, event } = await due(
    () => {},
    (state) => ({ ...state, get: denied, set: denied }),
  )
  await expect(invoke(event, context())).rejects.toMatchObject({
    name: expect.not.stringMatching('Unfinished'),
  })
})

test('a reminder of another application is refused: its scheduler would take it for sent', async () => {
  const seen: string[] = []
  const { invoke, event } = await due((id) => void seen.push(id))
  await expect(invoke({ ...event, application: 'b' }, context())).rejects.toMatchObject({
    code: 'not-kinesis',
    message: expect.stringContaining("a reminder of 'b', not 'a'"),
  })
  expect(seen).toEqual([])
})
