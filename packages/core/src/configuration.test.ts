/** Wrong configuration: every declaration names all its problems at once, with advice. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { isDuration, milliseconds } from './adapter.ts'
import { createEngine } from './engine.ts'
import { ConfigurationError, type Duration, entity, event, reactor, reminder, route } from './index.ts'
import { memoryDeadLetters, memoryScheduler, memoryState } from './memory/index.ts'
import { createReminders } from './reminders/index.ts'

const schema = z.object({ id: z.string() })
const Client = entity('client', { table: 'clients', key: 'id', schema })
const joined = Client.created('joined')
/** What a caller without types could pass. */
const wrong = (value: unknown) => value as never

function problems(make: () => unknown): readonly string[] {
  try {
    make()
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

test('an entity: name, table and key', () => {
  expect(problems(() => entity('', { table: '', key: wrong(''), schema }))).toEqual([
    expect.stringContaining("'name' is"),
    expect.stringContaining("'table' is empty"),
    expect.stringContaining("'key' is empty"),
  ])
  expect(problems(() => entity('c', { table: 't', key: { partition: 'id', sort: 'id' }, schema }))).toEqual([
    "'key' has 'id' as 'partition' and as 'sort': expected two attributes",
  ])
})

test('a name or table that the environment did not give is none', () => {
  const absent = wrong(undefined)
  expect(problems(() => entity(absent, { table: absent, key: 'id', schema }))).toEqual([
    expect.stringContaining("'name' is"),
    expect.stringContaining("'table' is missing"),
  ])
  expect(problems(() => reactor(absent))).toEqual([expect.stringContaining("'name' is missing")])
  expect(problems(() => entity('c', wrong({ table: 't', key: { partition: 'id' }, schema })))).toEqual([
    expect.stringContaining("'key.sort' is missing"),
  ])
  expect(problems(() => event(absent, { schema, key: (e) => e.id })).length).toBe(1)
  expect(problems(() => reminder(absent, { payload: schema, key: (p) => p.id })).length).toBe(1)
})

test('a pattern that no change can match', () => {
  const Seat = entity('seat', {
    table: 'seats',
    key: 'id',
    schema: z.object({ id: z.string(), plan: z.enum(['trial', 'paid']), seats: z.number().optional() }),
  })
  const same = { plan: { from: 'trial', to: 'trial' }, seats: { to: [] } } as const
  expect(problems(() => Seat.changed('never', same))).toEqual([
    "'pattern.plan' has one value as 'from' and as 'to', which is no change: expected two values",
    "'pattern.seats.to' is empty: expected at least one value",
  ])
  const misspelt = { plan: wrong({ form: 'trial' }), seats: wrong(3) }
  expect(problems(() => Seat.changed('misspelt', misspelt))).toEqual([
    "'pattern.plan' has 'form': expected 'from' and 'to' only",
    "'pattern.seats' is a number: expected an object with 'from' and 'to', or a function",
  ])
  const fine = { plan: { from: ['trial', 'paid'], to: 'paid' }, seats: { from: undefined } } as const
  expect(problems(() => Seat.changed('fine', fine))).toEqual([])
})

test('a reactor and its retry policy', () => {
  const retry = { attempts: 0, base: wrong('soon'), max: wrong('later') }
  expect(problems(() => reactor('no spaces', { retry, whenExhausted: wrong('ignore') }))).toEqual([
    expect.stringContaining("'name' is 'no spaces'"),
    expect.stringContaining("'retry.attempts' is 0"),
    expect.stringContaining("'retry.base' is 'soon'"),
    expect.stringContaining("'retry.max' is 'later'"),
    expect.stringContaining("'whenExhausted' is 'ignore'"),
  ])
  expect(problems(() => reactor('r', { retry: { attempts: 1.5 } })).length).toBe(1)
})

test('what is no object of options is one problem among the others', () => {
  const given = { retry: wrong(null), middleware: wrong([() => {}, 5]) }
  expect(problems(() => reactor('no spaces', given))).toEqual([
    expect.stringContaining("'name' is 'no spaces'"),
    "'retry' is null: expected an object",
    "'middleware[1]' is a number: expected a function",
  ])
  expect(problems(() => createEngine(wrong(null)))).toEqual([
    "'options' is null: expected an object",
    expect.stringContaining("'application' is missing"),
    expect.stringContaining("'reactors' is missing"),
    expect.stringContaining("'state' is missing"),
  ])
})

test('a route: id, former ids, events, handler, timeout, retry', () => {
  const bad = route('a b', [], wrong(undefined), {
    timeout: wrong('soon'),
    effect: wrong('once'),
    whenExhausted: wrong('ignore'),
    formerly: ['c d'],
    retry: { attempts: -1 },
  })
  expect(problems(() => reactor('r').use(bad))).toEqual([
    expect.stringContaining("'id' is 'a b'"),
    "'events' is empty: expected at least one event",
    "'handler' is missing: expected a function",
    expect.stringContaining("'retry.attempts' is -1"),
    "'whenExhausted' is 'ignore': expected 'dead-letter', 'park', 'halt' or 'discard'",
    "'effect' is 'once': expected 'idempotent', 'journal' or 'claim'",
    expect.stringContaining("'timeout' is 'soon'"),
    expect.stringContaining("'formerly[0]' is 'c d'"),
  ])
})

test('events that an import cycle left undefined, or that are no events', () => {
  const advice = (given: string) =>
    `${given}: expected what an entity, event() or reminder() made (an import cycle leaves it undefined)`
  expect(problems(() => reactor('r').on('a', wrong(undefined), () => {}))).toEqual([
    advice("'events[0]' is missing"),
  ])
  expect(problems(() => reactor('r').on('a', [joined, wrong(Client)], () => {}))).toEqual([
    advice("'events[1]' is an object"),
  ])
  expect(problems(() => reactor('r').on('a', wrong(Client.created), () => {}))).toEqual([
    advice("'events[0]' is a function"),
  ])
})

test('an attempt without any time makes no sense', () => {
  expect(problems(() => reactor('r').on('a', joined, () => {}, { timeout: 0 }))).toEqual([
    "'timeout' is 0: expected a duration such as '30s', of at least 1 ms",
  ])
})

test('an id is taken by a route, or by what it was called formerly', () => {
  const r = reactor('r').on('a', joined, () => {}, { formerly: ['old'] })
  for (const id of ['a', 'old'])
    expect(problems(() => r.on(id, joined, () => {}))).toEqual([
      expect.stringContaining(`the id '${id}' is taken`),
    ])
  expect(problems(() => r.on('b', joined, () => {}, { formerly: ['a'] }))).toEqual([
    expect.stringContaining("the id 'a' is taken"),
  ])
  expect(r.routes.map(({ id }) => id)).toEqual(['a'])
})

test('an engine: its own options', () => {
  const found = problems(() =>
    createEngine({
      application: 'a b',
      reactors: [],
      state: wrong(undefined),
      concurrency: 0,
      maxAhead: { records: 0.5, bytes: -1 },
      maxClockSkew: wrong('a moment'),
      retention: wrong('8 days'),
    }),
  )
  const subjects = [
    "'application'",
    "'reactors' is empty",
    "'state'",
    "'concurrency'",
    "'maxAhead.records'",
    "'maxAhead.bytes'",
    "'maxClockSkew'",
    "'retention'",
  ]
  expect(found).toEqual(subjects.map((subject) => expect.stringContaining(subject)))
})

test('an engine: what its reactors need of it and of each other', () => {
  const tutorial = reminder('tutorial', { payload: schema, key: (p) => p.id })
  const unless = tutorial.unless(
    Client,
    (p) => p.id,
    () => false,
  )
  const forgotten = reminder('forgotten', { payload: schema, key: (p) => p.id })
  const state = memoryState()
  const reminders = createReminders({ application: 'app', state, scheduler: memoryScheduler() })
  const start = reminders.schedule(forgotten, { in: '1d', payload: () => ({ id: 'a' }) })
  const reactors = [
    reactor('one')
      .on('remind', unless, () => {})
      .on('start', joined, start),
    reactor('one').on('other', event('joined', { schema, key: (e) => e.id }), () => {}),
    reactor('idle'),
  ]
  const advice = [
    "two reactors are called 'one'",
    "reactor 'idle' has no route",
    "two different events are called 'joined'",
    "'deadLetters' is missing, but 3 route(s)",
    "'entities' is missing, but 'one/remind'",
    "'one/start' schedules the reminder 'forgotten', which no route handles",
  ]
  expect(problems(() => createEngine({ application: 'app', reactors, state }))).toEqual(
    advice.map((text) => expect.stringContaining(text)),
  )
})

test('schedules of two reactors may have one id, also that of an event', () => {
  const watch = (name: string) => reactor(name).every('joined', { each: '5m' }, () => {})
  const reactors = [watch('one'), watch('two').on('see', joined, () => {})]
  const ports = { state: memoryState(), deadLetters: memoryDeadLetters() }
  expect(problems(() => createEngine({ application: 'app', reactors, ...ports }))).toEqual([])
})

test('an engine: what is no reactor', () => {
  const ports = { state: memoryState(), deadLetters: memoryDeadLetters() }
  const make = () => reactor('r').on('see', joined, () => {})
  const reactors = [wrong(undefined), wrong(make), make()]
  expect(problems(() => createEngine({ application: 'app', reactors, ...ports }))).toEqual([
    "'reactors[0]' is missing: expected a reactor (did you pass the function instead of its result?)",
    "'reactors[1]' is a function: expected a reactor (did you pass the function instead of its result?)",
  ])
})

test('a reminder that is handled here and scheduled for another application would never arrive', () => {
  const ports = { state: memoryState(), deadLetters: memoryDeadLetters() }
  const tutorial = reminder('tutorial', { payload: schema, key: (p) => p.id })
  const reminders = createReminders({ application: 'other', ...ports, scheduler: memoryScheduler() })
  const start = () =>
    reactor('r').on('start', joined, reminders.schedule(tutorial, { in: '1d', payload: () => ({ id: 'a' }) }))
  const handled = start().on('remind', tutorial, () => {})
  expect(problems(() => createEngine({ application: 'app', reactors: [handled], ...ports }))).toEqual([
    expect.stringContaining("'r/start' schedules the reminder 'tutorial' for the application 'other'"),
  ])
  const elsewhere = start()
  expect(problems(() => createEngine({ application: 'app', reactors: [elsewhere], ...ports }))).toEqual([])
})

test('DeadLetters are not needed where every route halts or discards', () => {
  const drops = reactor('r', { whenExhausted: 'halt' }).on('a', joined, () => {}, {
    whenExhausted: 'discard',
  })
  expect(
    problems(() => createEngine({ application: 'app', reactors: [drops], state: memoryState() })),
  ).toEqual([])
  const deadLetters = memoryDeadLetters()
  const keeps = reactor('r').on('a', joined, () => {})
  expect(
    problems(() =>
      createEngine({ application: 'app', reactors: [keeps], state: memoryState(), deadLetters }),
    ),
  ).toEqual([])
})

test('reminders, and what they schedule', () => {
  const ports = { state: memoryState(), scheduler: memoryScheduler() }
  const bad = { application: '', maxLateness: wrong('late'), retention: wrong('long') }
  expect(problems(() => createReminders({ ...ports, ...bad }))).toEqual([
    expect.stringContaining("'application'"),
    expect.stringContaining("'maxLateness'"),
    expect.stringContaining("'retention'"),
  ])
  const tutorial = reminder('tutorial', { payload: schema, key: (p) => p.id })
  const reminders = createReminders({ ...ports, application: 'app' })
  expect(
    problems(() => reminders.schedule(tutorial, { in: wrong('3 days'), payload: () => ({ id: 'a' }) })),
  ).toEqual([expect.stringContaining("'in' is '3 days'")])
})

test('a duration is milliseconds, or a number with a unit', () => {
  const good: [Duration, number][] = [
    [250, 250],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1.5h', 5_400_000],
    ['3d', 259_200_000],
    ['0s', 0],
  ]
  for (const [text, ms] of good) expect([isDuration(text), milliseconds(text)]).toEqual([true, ms])
  for (const bad of [
    '3',
    '3 d',
    '-1s',
    's',
    '',
    '1w',
    '1e3s',
    '0x10s',
    '+1s',
    'Infinityms',
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ]) {
    expect(isDuration(bad)).toBe(false)
    expect(() => milliseconds(wrong(bad))).toThrow(
      /^the duration is '.*': expected milliseconds, or a text such as '250ms'/,
    )
  }
  for (const bad of [undefined, null, {}, [], 1n]) expect(isDuration(bad)).toBe(false)
})

test('what cannot be written as text is refused as all else is, and no message shows what lies in it', () => {
  const secret = () => 'xoxb-secret'
  for (const odd of [Object.create(null), Symbol('odd'), ['xoxb-secret'], secret, { toString: secret }]) {
    const found = [
      ...problems(() => reactor(wrong(odd))),
      ...problems(() => entity('c', { table: 't', key: 'id', schema, numbers: wrong(odd) })),
      ...problems(() =>
        reactor('r').on(wrong(odd), joined, () => {}, {
          timeout: wrong(odd),
          rate: wrong(odd),
          concurrency: wrong(odd),
          whenExhausted: wrong(odd),
        }),
      ),
    ]
    expect(found.length).toBeGreaterThanOrEqual(6)
    expect(found.join()).not.toContain('xoxb')
  }
})
