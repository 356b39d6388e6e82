import { expect, test } from 'vitest'
import * as z from 'zod'
import { createEngine, type EngineOptions } from '../engine.ts'
import { entity, reactor, reminder, Unavailable } from '../index.ts'
import { silent } from '../log.ts'
import { memoryDeadLetters, memoryEntities, memoryScheduler, memoryState } from '../memory/index.ts'
import { createReminders } from '../reminders/index.ts'
import { checked } from './check.ts'

const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string() }) })
const nag = reminder('nag', { payload: z.object({ id: z.string() }), key: (p) => p.id }).unless(
  Client,
  (p) => p.id,
  () => false,
)
const app = () =>
  reactor('r')
    .on('see', Client.saved('client.saved'), () => {})
    .on('nag', nag, () => {})

const engineWith = (more: Partial<EngineOptions>) =>
  createEngine({
    application: 'app',
    reactors: [app()],
    state: memoryState(),
    deadLetters: memoryDeadLetters(),
    entities: memoryEntities(),
    logger: silent,
    ...more,
  })

const denied = (resource: string) => {
  const setup = { reason: 'denied', resource, advice: `grant dynamodb:PutItem on the ${resource}` } as const
  return new Unavailable('dynamodb', undefined, { setup })
}

test('ports without a check are passed over', async () => {
  expect(await engineWith({}).check()).toEqual({ problems: [], outages: [], notes: [] })
})

test('every port is asked at the same time; what is wrong is told together, and apart from what is down', async () => {
  const asked: string[] = []
  const both = Promise.withResolvers<void>()
  const meet = async (name: string) => {
    asked.push(name)
    if (asked.length === 2) both.resolve()
    await both.promise
  }
  const outage = new Unavailable('s3', 's3 answered 503')
  const engine = engineWith({
    state: {
      ...memoryState(),
      check: async () => {
        await meet('state')
        throw denied("table 'state'")
      },
    },
    deadLetters: {
      ...memoryDeadLetters(),
      check: async () => {
        await meet('deadLetters')
        throw outage
      },
    },
  })
  expect(await engine.check()).toEqual({
    problems: ["'state' cannot use the table 'state' (denied): grant dynamodb:PutItem on the table 'state'"],
    outages: [outage],
    notes: [],
  })
})

test('a reader of rows is asked for the tables whose rows decide about reminders', async () => {
  const asked: unknown[] = []
  const entities = {
    ...memoryEntities(),
    check: async (tables: unknown) => {
      asked.push(tables)
    },
  }
  await engineWith({ entities }).check()
  expect(asked).toEqual([[{ table: 'clients', key: ['id'] }]])
})

test('a check that is broken fails the start, whatever it throws; what was made is told', async () => {
  const broken = [
    new TypeError('undefined is not a function'),
    undefined,
    'text',
    Object.create(null),
    Proxy.revocable({}, {}).proxy,
  ]
  for (const error of broken) {
    const { problems } = await checked({ state: Promise.reject<undefined>(error) })
    expect(problems).toEqual([expect.stringMatching(/^'state' failed its check: /)])
  }
  const { notes } = await checked({
    state: Promise.resolve<string | undefined>("the table 'x' was missing, and has been made"),
  })
  expect(notes).toEqual(["the table 'x' was missing, and has been made"])
})

test('what a client says that no adapter knows is not quoted: it may hold what was sent', async () => {
  const odd = Object.assign(new Error('the value hush-4711 is wrong'), { name: 'WeirdException' })
  const { problems } = await checked({ state: Promise.reject<undefined>(odd) })
  expect(problems).toEqual(["'state' failed its check: WeirdException"])
})

test('a check that throws before it returns a promise is a problem, too', async () => {
  const state = {
    ...memoryState(),
    check: () => {
      throw new TypeError('no client')
    },
  }
  const { problems } = await engineWith({ state }).check()
  expect(problems).toEqual(["'state' failed its check: TypeError"])
})

test("a handler's own adapters are asked once, however many routes use them", async () => {
  let asked = 0
  const check = async () => {
    asked += 1
    throw denied("schedule group 'default'")
  }
  const scheduler = { ...memoryScheduler(), check }
  const reminders = createReminders({ application: 'app', state: memoryState(), scheduler })
  const joined = Client.created('client.joined')
  const starting = reactor('s')
    .on('start', joined, reminders.schedule(nag, { in: '1d', payload: (e) => ({ id: e.after.id }) }))
    .on(
      'stop',
      Client.removed('client.left'),
      reminders.cancel(nag, (e) => e.before.id),
    )
  const { problems } = await engineWith({ reactors: [app(), starting] }).check()
  expect([asked, problems]).toEqual([
    1,
    [
      "'s/start' cannot use the schedule group 'default' (denied): grant dynamodb:PutItem on the schedule group 'default'",
    ],
  ])
})
