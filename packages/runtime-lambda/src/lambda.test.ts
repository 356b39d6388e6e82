import { entity, handler, marshal, Permanent, RetryAfter, reactor, Unavailable } from '@spaceship/core'
import { silent } from '@spaceship/core/log'
import { memoryDeadLetters, memoryState, virtualClock } from '@spaceship/core/memory'
import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { type KinesisEvent, lambda } from './index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), seats: z.number() }),
})
const saved = Client.saved('client.saved')

function eventOf(...payloads: (string | object)[]): KinesisEvent {
  return {
    Records: payloads.map((payload, i) => ({
      eventID: `shardId-000000000000:${sequenceOf(i)}`,
      eventSourceARN: 'arn:aws:kinesis:eu-west-1:123456789012:stream/clients-cdc',
      kinesis: {
        partitionKey: 'k',
        sequenceNumber: sequenceOf(i),
        data: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)).toString('base64'),
        approximateArrivalTimestamp: 1_796_000_000.123,
      },
    })),
  }
}

/** Sequence numbers of unequal length: text order would be wrong. */
function sequenceOf(i: number): string {
  return String(10n ** 55n - 2n + BigInt(i))
}

function insert(id: string, seats = 1) {
  return {
    eventName: 'INSERT',
    eventID: id,
    tableName: 'clients',
    dynamodb: {
      ApproximateCreationDateTime: 1_796_000_000_000_000,
      ApproximateCreationDateTimePrecision: 'MICROSECOND',
      Keys: marshal({ id }),
      NewImage: marshal({ id, seats }),
    },
  }
}

const context = (ms = 30_000) => ({ getRemainingTimeInMillis: () => ms })

function options() {
  return { application: 'test', state: memoryState(), deadLetters: memoryDeadLetters(), logger: silent }
}

test('a batch that is done answers with no failures', async () => {
  const seen: string[] = []
  const handle = lambda(
    reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
    options(),
  )
  expect(await handle(eventOf(insert('a'), insert('b')), context())).toEqual({ batchItemFailures: [] })
  expect(seen).toEqual(['a', 'b'])
})

test('an empty batch is success; an event of another source is refused', async () => {
  const handle = lambda(
    reactor('r').on('see', saved, () => {}),
    options(),
  )
  expect(await handle({ Records: [] }, context())).toEqual({ batchItemFailures: [] })
  await expect(handle({} as KinesisEvent, context())).rejects.toMatchObject({ code: 'not-kinesis' })
})

test('an event that is none, or has a record that is none, is refused with the place of what is wrong', async () => {
  const handle = lambda(
    reactor('r').on('see', saved, () => {}),
    options(),
  )
  const [first, second] = eventOf(insert('a'), insert('b')).Records
  const withKinesis = (kinesis: unknown) => ({ ...second, kinesis })
  const withField = (field: object) => withKinesis({ ...second?.kinesis, ...field })
  const wrong: readonly (readonly [record: unknown, place: string])[] = [
    [null, 'eventSourceARN is missing'],
    [undefined, 'eventSourceARN is missing'],
    [7, 'eventSourceARN is missing'],
    [{ ...second, eventSourceARN: 'arn:aws:sqs:eu-west-1:1:queue' }, 'eventSourceARN is another text'],
    [{ ...second, eventSourceARN: ['x'] }, 'eventSourceARN is a list'],
    [{ ...second, eventID: null }, 'eventID is null'],
    [{ ...second, eventID: 'none' }, 'eventID is another text'],
    [{ ...second, eventID: ':7' }, 'eventID is another text'],
    [withKinesis(null), 'kinesis.sequenceNumber is missing'],
    [withKinesis('x'), 'kinesis.sequenceNumber is missing'],
    [withField({ sequenceNumber: 7 }), 'kinesis.sequenceNumber is a number'],
    [withField({ partitionKey: undefined }), 'kinesis.partitionKey is missing'],
    [withField({ data: {} }), 'kinesis.data is an object'],
    [withField({ approximateArrivalTimestamp: undefined }), 'kinesis.approximateArrivalTimestamp is missing'],
    [withField({ approximateArrivalTimestamp: '7' }), 'kinesis.approximateArrivalTimestamp is another text'],
    [withField({ approximateArrivalTimestamp: 1e300 }), 'kinesis.approximateArrivalTimestamp is a number'],
    [
      { ...second, eventID: 'shardId-000000000007:7' },
      " is of 'shardId-000000000007' of 'clients-cdc', the first",
    ],
    [
      { ...second, eventSourceARN: 'arn:aws:kinesis:x:1:stream/other' },
      " is of 'shardId-000000000000' of 'other'",
    ],
  ]
  for (const [record, place] of wrong)
    for (const [index, records] of [[first, record], [record]].entries())
      if (index === 0 || !place.startsWith(' '))
        // Whoever invokes a function by hand holds to no type.
        await expect(handle({ Records: records } as never, context())).rejects.toMatchObject({
          code: 'not-kinesis',
          message: expect.stringContaining(
            `Records[${1 - index}]${place.startsWith(' ') ? '' : '.'}${place}`,
          ),
        })
  for (const [event, kind] of [
    [null, 'missing'],
    [{ Records: null }, 'null'],
    [{ Records: {} }, 'an object'],
  ])
    await expect(handle(event as never, context())).rejects.toMatchObject({
      code: 'not-kinesis',
      message: expect.stringContaining(`'Records' is ${kind}`),
    })
})

test('records that name their stream by a consumer of it are of one shard with the others', async () => {
  const seen: string[] = []
  const handle = lambda(
    reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
    options(),
  )
  const [first, second] = eventOf(insert('a'), insert('b')).Records
  const consumer = { ...second, eventSourceARN: `${second?.eventSourceARN}/consumer/c:1` }
  // The second record is one, with another text.
  await handle({ Records: [first, consumer] } as never, context())
  expect(seen).toEqual(['a', 'b'])
})

test('the lowest unfinished record is reported, and its redelivery repeats nothing that was done', async () => {
  const seen: string[] = []
  let open = true
  const handle = lambda(
    reactor('r', { retry: { base: '1h', max: '1h' } }).on('see', saved, (e) => {
      if (e.after.id === 'b' && open) throw new RetryAfter('1h')
      seen.push(e.after.id)
    }),
    options(),
  )
  const event = eventOf(insert('a'), insert('b'), insert('c'), insert('d'))
  // The rest of this short invocation is waited out before a source that redelivers at once hears of it.
  expect(await handle(event, context(1_200))).toEqual({
    batchItemFailures: [{ itemIdentifier: sequenceOf(1) }],
  })
  expect(seen).toEqual(['a', 'c', 'd'])

  open = false
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_001 })
  try {
    const suffix = { Records: event.Records.slice(1) }
    expect(await handle(suffix, context())).toEqual({ batchItemFailures: [] })
  } finally {
    vi.useRealTimers()
  }
  expect(seen).toEqual(['a', 'c', 'd', 'b'])
})

test('poison becomes a dead letter and does not hold up the batch', async () => {
  const given = options()
  const handle = lambda(
    reactor('r').on('see', saved, () => {
      throw new Permanent('never')
    }),
    given,
  )
  expect(await handle(eventOf('not json', { hello: 'world' }, insert('a')), context())).toEqual({
    batchItemFailures: [],
  })
  expect(given.deadLetters.letters.map((letter) => letter.reason).sort()).toEqual([
    'permanent',
    'undecodable',
    'unrecognised',
  ])
})

test('asynchronous set-up runs once; its failure fails the invocation, and the next one tries again', async () => {
  const build = vi
    .fn(async () =>
      reactor('r').on(
        'see',
        saved,
        handler({}, () => {}),
      ),
    )
    .mockRejectedValueOnce(new Error('secrets are throttled'))
  const handle = lambda(build, options())
  await expect(handle(eventOf(insert('a')), context())).rejects.toThrow('secrets are throttled')
  await handle(eventOf(insert('a')), context())
  await handle(eventOf(insert('b')), context())
  expect(build).toHaveBeenCalledTimes(2)
})

test('a wrong configuration lists every problem', () => {
  const broken = { application: '', state: memoryState(), concurrency: 0 }
  expect(() =>
    lambda(
      reactor('r').on('see', saved, () => {}),
      broken,
    ),
  ).toThrow(/application.*\n.*concurrency.*\n.*deadLetters/)
})

test('a state store that is down fails the invocation with its error, and nothing else', async () => {
  const given = options()
  const down = vi.fn(() => Promise.reject(new Error('store down')))
  const handle = lambda(
    reactor('r').on('see', saved, () => {}),
    { ...given, state: { ...given.state, set: down } },
  )
  // A rejection that nobody handles would end the process, and this test with it.
  await expect(handle(eventOf(insert('a')), context())).rejects.toThrow('store down')
})

test('A4: an environment with a handler that ignored its signal is ended before it takes another batch', async () => {
  const clock = virtualClock()
  const exit = vi.fn()
  const handle = lambda(
    reactor('r').on('see', saved, () => new Promise(() => {})),
    { ...options(), clock, exit },
  )
  const idle = () => new Promise<void>((resolve) => setImmediate(resolve))
  const invoke = async () => {
    const end = clock.now() + 10_000
    const invocation = handle(eventOf(insert('a')), { getRemainingTimeInMillis: () => end - clock.now() })
    const settled = Promise.allSettled([invocation])
    await idle()
    await clock.moveTo(clock.now() + 10_000, idle)
    return (await settled)[0]
  }
  expect(await invoke()).toMatchObject({
    status: 'fulfilled',
    value: { batchItemFailures: [{ itemIdentifier: sequenceOf(0) }] },
  })
  expect(exit).not.toHaveBeenCalled()
  expect(await invoke()).toMatchObject({ status: 'rejected', reason: { code: 'tainted' } })
  expect(exit).toHaveBeenCalledWith(1)
})

/** A log of what was told, and of how loudly. */
function listening() {
  const told: string[] = []
  const at = (level: string) => (message: string) => void told.push(`${level}: ${message}`)
  return { told, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}

test('a function tells once that it started, and names the invocation in every line', async () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const { logger: _, ...rest } = options()
  const handle = lambda(
    reactor('r', { retry: { attempts: 1 } }).on('see', saved, () => Promise.reject(new Error('no'))),
    rest,
  )
  for (const awsRequestId of ['one', 'two'])
    await handle(eventOf(insert(awsRequestId)), {
      ...context(60_000),
      awsRequestId,
      xRayTraceId: `trace-${awsRequestId}`,
    })
  const lines = written.mock.calls.map(([line]) => JSON.parse(String(line)))
  written.mockRestore()
  expect(lines).toMatchObject([
    { level: 'INFO', message: 'function started', requestId: 'one', details: { routes: ['r/see'] } },
    { level: 'ERROR', message: 'record became a dead letter', requestId: 'one', traceId: 'trace-one' },
    { level: 'ERROR', message: 'record became a dead letter', requestId: 'two', traceId: 'trace-two' },
  ])
})

test('a wrong set-up fails the first invocations with what to do, before any handler runs, until it is mended', async () => {
  const seen: string[] = []
  let granted = false
  let checks = 0
  const state = {
    ...memoryState(),
    check: async () => {
      checks += 1
      const advice = "grant dynamodb:PutItem on the table 'state'"
      const setup = { reason: 'denied', resource: "table 'state'", advice } as const
      if (!granted) throw new Unavailable('dynamodb', undefined, { setup })
      return undefined
    },
  }
  const handle = lambda(
    reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
    { ...options(), state },
  )
  for (let n = 0; n < 2; n += 1)
    await expect(handle(eventOf(insert('a')), context(60_000))).rejects.toThrow(
      /the function of 'test' cannot start.*\n.*'state' cannot use the table 'state' \(denied\): grant dynamodb:PutItem/,
    )
  expect(seen).toEqual([])
  granted = true
  for (let n = 0; n < 3; n += 1) await handle(eventOf(insert('a')), context(60_000))
  expect([seen.length, checks]).toEqual([3, 3])
})

test('a wrong set-up that is known before the journal is read ends no process', async () => {
  const advice = "grant dynamodb:PutItem on the table 'state'"
  const setup = { reason: 'denied', resource: "table 'state'", advice } as const
  const store = memoryState()
  const slow = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    return work()
  }
  for (const journal of ['is read', 'cannot be read']) {
    const state = {
      get: (key: string) =>
        slow(() =>
          journal === 'is read' ? store.get(key) : Promise.reject(new Unavailable('dynamodb', 'throttled')),
        ),
      set: (...args: Parameters<typeof store.set>) =>
        slow(() =>
          journal === 'is read'
            ? store.set(...args)
            : Promise.reject(new Unavailable('dynamodb', 'throttled')),
        ),
      delete: store.delete,
      check: () => Promise.reject(new Unavailable('dynamodb', undefined, { setup })),
    }
    const handle = lambda(
      reactor('r').on('see', saved, () => {}),
      { ...options(), state },
    )
    await expect(handle(eventOf(insert('a')), context(60_000))).rejects.toMatchObject({
      code: 'configuration',
    })
  }
})

test('a store that is down at the first invocation, or never answers its check, is waited for like every outage', async () => {
  const clock = virtualClock()
  for (const check of [
    () => Promise.reject(new Unavailable('dynamodb', 'throttled')),
    () => new Promise<undefined>(() => {}),
  ]) {
    const seen: string[] = []
    const handle = lambda(
      reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
      { ...options(), clock, state: { ...memoryState({ clock }), check } },
    )
    const answer = handle(eventOf(insert('a')), context(60_000))
    await new Promise((resolve) => setImmediate(resolve))
    await clock.moveTo(clock.now() + 10_000, () => new Promise((resolve) => setImmediate(resolve)))
    expect(await answer).toEqual({ batchItemFailures: [] })
    expect(seen).toEqual(['a'])
  }
})

test('stores that do not answer are told, and asked again in the next invocation', async () => {
  const clock = virtualClock()
  const { told, logger } = listening()
  let checks = 0
  const check = () => {
    checks += 1
    return new Promise<undefined>(() => {})
  }
  const handle = lambda(
    reactor('r').on('see', saved, () => {}),
    { ...options(), logger, clock, state: { ...memoryState({ clock }), check } },
  )
  const idle = () => new Promise<void>((resolve) => setImmediate(resolve))
  for (let n = 0; n < 2; n += 1) {
    const answer = handle(eventOf(insert('a')), context(60_000))
    await idle()
    await clock.moveTo(clock.now() + 10_000, idle)
    await answer
  }
  const waits = 'warn: the function waits for an answer of its stores'
  expect([told.filter((line) => line === waits).length, checks]).toEqual([2, 2])
})

test('an option that is misspelt is refused with the nearest one', () => {
  // What a caller without types might pass.
  const build = () => lambda([], { ...options(), maxPauze: '1m' } as never)
  expect(build).toThrow("'maxPauze' is no option: expected 'maxPause'")
})

test('F15: an invocation that begins with little time does what it can, and says that its time is too short', async () => {
  const seen: string[] = []
  const { told, logger } = listening()
  const handle = lambda(
    reactor('r').on('see', saved, (e) => void seen.push(e.after.id)),
    { ...options(), logger },
  )
  expect(await handle(eventOf(insert('a'), insert('b')), context(600))).toEqual({ batchItemFailures: [] })
  expect([seen, told]).toEqual([
    ['a', 'b'],
    ['info: function started', expect.stringMatching(/^warn: the invocation has 600 ms left: raise/)],
  ])
})

test('F2: an invocation in which nothing can be run is refused at once, loudly', async () => {
  const { told, logger } = listening()
  const handle = lambda(
    reactor('r').on('see', saved, () => {}),
    { ...options(), logger },
  )
  await expect(handle(eventOf(insert('a')), context(100))).rejects.toMatchObject({ code: 'no-time' })
  expect(told.at(-1)).toMatch(/^error: the invocation has 100 ms left/)
})

for (const timeout of [1_000, 3_000, 4_000, 15_000])
  test(`F2: with a timeout of ${timeout} ms a partial answer has its journal, however late a handler hears its signal`, async () => {
    const clock = virtualClock()
    const idle = () => new Promise<void>((resolve) => setImmediate(resolve))
    const runs = new Map<string, number>()
    const given = { ...options(), state: memoryState({ clock }), clock }
    // Each invocation in an environment of its own: the deaf handler ends the one before.
    const make = () =>
      lambda(
        reactor('r').on(
          'see',
          saved,
          async (e) => {
            runs.set(e.after.id, (runs.get(e.after.id) ?? 0) + 1)
            if (e.after.id === 'deaf') await new Promise(() => {})
          },
          { timeout: '10m' },
        ),
        { ...given, exit: () => {} },
      )
    for (let invocation = 0; invocation < 3; invocation += 1) {
      const end = clock.now() + timeout
      const event = eventOf(insert('deaf'), ...Array.from({ length: 5 }, (_, i) => insert(`k${i}`)))
      const answer = make()(event, { getRemainingTimeInMillis: () => end - clock.now() })
      const settled = Promise.allSettled([answer])
      await idle()
      await clock.moveTo(end - 1, idle)
      expect((await settled)[0]).toMatchObject({
        status: 'fulfilled',
        value: { batchItemFailures: [{ itemIdentifier: sequenceOf(0) }] },
      })
    }
    expect(Object.fromEntries(runs)).toEqual({ deaf: 3, k0: 1, k1: 1, k2: 1, k3: 1, k4: 1 })
    expect(given.deadLetters.letters).toEqual([])
  })
