/** Ticks that the workers put themselves: one for each window, whoever holds the shard, whatever fails meanwhile. */

import { randomUUID } from 'node:crypto'
import { DynamoDBClient, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { reactor } from '@spaceship/core'
import type { Cron } from '@spaceship/core/cron'
import { createEngine } from '@spaceship/core/engine'
import { silent } from '@spaceship/core/log'
import { memoryDeadLetters, memoryState, virtualClock } from '@spaceship/core/memory'
import { launch } from '@spaceship/local'
import { expect, test, vi } from 'vitest'
import { emulators } from '../../local/test/emulators.ts'
import { worker } from './index.ts'
import { keepTicking } from './ticks.ts'
import { Troubles } from './troubles.ts'

const START = Date.parse('2026-11-24T12:00:00Z')

/** These routes have their ticks on the stream. */
const none = { put: () => Promise.reject(new Error('no')), lost: () => {} }

interface Put {
  readonly at: string
  readonly key: string
}

/** Some workers of one application, of which the test says who holds the shard. */
function fleet(each: '5m' | '1h', delay: '0s' | '30s' = '0s') {
  const clock = virtualClock(new Date(START + 1_000))
  const { routes } = createEngine({
    application: 'app',
    reactors: [reactor('watch').every('count', { each, delay }, () => {})],
    state: memoryState(),
    deadLetters: memoryDeadLetters(),
    clock,
    logger: silent,
  })
  const puts: Put[] = []
  const errors: string[] = []
  const logger = { ...silent, error: (message: string) => void errors.push(message) }
  let failure: Error | undefined
  let hangs = false
  let takes = 0
  let offset = 0
  const wall = { ...clock, now: () => clock.now() + offset }
  const kinesis = new KinesisClient({ region: 'us-east-1' })
  vi.spyOn(kinesis, 'send').mockImplementation(async ({ input }) => {
    if (failure !== undefined) throw failure
    if (hangs) return new Promise<never>(() => {})
    const { Data, PartitionKey, StreamName } = Object(input)
    expect(StreamName).toBe('cdc')
    const { spaceship, ...rest } = JSON.parse(new TextDecoder().decode(Data))
    const { scheduled } = { ...Object(spaceship), ...rest }
    puts.push({ at: String(scheduled).slice(11, 19), key: PartitionKey })
    await clock.sleep(takes)
  })
  return {
    clock,
    puts,
    errors,
    /** How long a put waits for its answer, in milliseconds. */
    take: (ms: number) => {
      takes = ms
    },
    /** How far the clock is ahead of where the test has moved it. */
    set: (ms: number) => {
      offset = ms
    },
    fail: (error: Error | undefined) => {
      failure = error
    },
    hang: (does: boolean) => {
      hangs = does
    },
    start: (holds: () => boolean) => {
      const stop = new AbortController()
      const troubles = new Troubles(logger)
      const done = keepTicking(
        {
          application: 'app',
          routes,
          stream: { name: 'cdc', stream: 'cdc' },
          kinesis,
          clock: wall,
          troubles,
          holds,
          direct: none,
        },
        stop.signal,
      )
      return async () => {
        stop.abort()
        await done
      }
    },
  }
}

/** A worker that holds every shard, and has routes with these crons. */
function crons(given: Readonly<Record<string, Pick<Cron, 'next'>>>) {
  const clock = virtualClock(new Date(START))
  const made = Object.entries(given).reduce(
    (all, [name, cron]) => all.every(name, { cron: { expression: name, zone: 'UTC', ...cron } }, () => {}),
    reactor('watch'),
  )
  const stores = { state: memoryState(), deadLetters: memoryDeadLetters() }
  const { routes } = createEngine({ application: 'app', reactors: [made], ...stores, clock, logger: silent })
  const puts: Put[] = []
  const errors: string[] = []
  const say = (message: string) => void errors.push(message)
  const kinesis = new KinesisClient({ region: 'us-east-1' })
  vi.spyOn(kinesis, 'send').mockImplementation(async ({ input }) => {
    const { Data, PartitionKey } = Object(input)
    const { scheduled } = JSON.parse(new TextDecoder().decode(Data))
    puts.push({ at: String(scheduled).slice(11, 19), key: PartitionKey })
  })
  const run = (holds = () => true) => {
    const stop = new AbortController()
    const troubles = new Troubles({ ...silent, warn: say, error: say })
    const stream = { name: 'cdc', stream: 'cdc' }
    const done = keepTicking(
      { application: 'app', routes, stream, kinesis, clock, troubles, holds, direct: none },
      stop.signal,
    )
    return async () => {
      stop.abort()
      await done
    }
  }
  return { clock, puts, errors, run }
}

const times = (puts: readonly Put[]) => puts.map(({ at }) => at)
const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

test('each window gets one tick, for its end and delay, under the route as its key', async () => {
  const { clock, puts, start } = fleet('5m', '30s')
  const stop = start(() => true)
  await settled()
  await clock.moveTo(START + 11 * 60_000, settled)
  await stop()
  expect(puts[0]?.key).toBe('watch/count')
  expect(times(puts)).toEqual(['11:55:30', '12:00:30', '12:05:30', '12:10:30'])
})

test('who does not hold the shard puts none; who takes it puts the last one at once, so that none is lost between two', async () => {
  const { clock, puts, start } = fleet('5m')
  let owner = 'a'
  const stops = ['a', 'b'].map((me) => start(() => owner === me))
  await settled()
  await clock.moveTo(START + 9 * 60_000 + 59_000, settled)
  expect(times(puts)).toEqual(['12:00:00', '12:05:00'])
  owner = 'nobody'
  await clock.moveTo(START + 12 * 60_000, settled)
  expect(times(puts)).toHaveLength(2)
  owner = 'b'
  await clock.moveTo(START + 13 * 60_000, settled)
  expect(times(puts).slice(2)).toEqual(['12:10:00'])
  await clock.moveTo(START + 16 * 60_000, settled)
  expect(times(puts).slice(3)).toEqual(['12:15:00'])
  for (const stop of stops) await stop()
})

test.each([-1_000, -1, 0, 1, 1_000])(
  'the owner of a shard is killed %s ms after the end of a window: that window has its tick, and so has the next',
  async (after) => {
    const { clock, puts, start } = fleet('5m')
    let owner = 'a'
    const stops = ['a', 'b'].map((me) => start(() => owner === me))
    await settled()
    await clock.moveTo(START + 5 * 60_000 + after, settled)
    owner = 'nobody'
    await clock.moveTo(START + 7 * 60_000, settled)
    owner = 'b'
    await clock.moveTo(START + 11 * 60_000, settled)
    // What both of them put is one window to the route.
    expect([...new Set(times(puts))]).toEqual(['12:00:00', '12:05:00', '12:10:00'])
    for (const stop of stops) await stop()
  },
)

test('a put that fails is made again until it works, and is told once', async () => {
  const { clock, puts, errors, fail, start } = fleet('5m')
  fail(Object.assign(new Error('no'), { name: 'AccessDeniedException', $metadata: {} }))
  const stop = start(() => true)
  await settled()
  await clock.moveTo(START + 2 * 60_000, settled)
  expect(puts).toEqual([])
  expect(errors).toEqual(['putting ticks fails: the set-up is wrong, and is tried until it is mended'])
  fail(undefined)
  await clock.moveTo(START + 3 * 60_000, settled)
  expect(times(puts)).toEqual(['12:00:00'])
  await stop()
})

test('a put that is answered late makes the tick of the window that ends meanwhile no later', async () => {
  const { clock, puts, start, take } = fleet('5m')
  await clock.moveTo(START + 5 * 60_000 - 900, settled)
  take(800)
  const stop = start(() => true)
  await clock.moveTo(START + 5 * 60_000, settled)
  expect(times(puts)).toEqual(['12:00:00', '12:05:00'])
  take(0)
  await clock.moveTo(START + 6 * 60_000, settled)
  await stop()
})

test('a put that is never answered is made again after a while', async () => {
  const { clock, errors, puts, start, hang } = fleet('5m')
  const stop = start(() => true)
  hang(true)
  await clock.moveTo(START + 5 * 60_000 + 29_000, settled)
  expect(puts.map(({ at }) => at)).toEqual(['12:00:00'])
  hang(false)
  await clock.moveTo(START + 6 * 60_000, settled)
  await stop()
  expect(puts.map(({ at }) => at)).toEqual(['12:00:00', '12:05:00'])
  expect(errors).toEqual([])
})

test('a put that is never answered is waited for no longer than its worker lives', async () => {
  const { hang, puts, start } = fleet('5m')
  hang(true)
  const stop = start(() => true)
  await settled()
  // No time passes.
  await stop()
  expect(puts).toEqual([])
})

test('a clock that jumps ahead puts the last window, one that is set back none that was put before, and goes on with the next one', async () => {
  const { clock, puts, set, start } = fleet('1h')
  const stop = start(() => true)
  await settled()
  await clock.moveTo(START + 60_000, settled)
  set(5 * 3_600_000)
  await clock.moveTo(START + 3_600_000, settled)
  expect(times(puts)).toEqual(['12:00:00', '17:00:00', '18:00:00'])
  set(0)
  await clock.moveTo(START + 3 * 3_600_000, settled)
  expect(times(puts).slice(3)).toEqual(['14:00:00', '15:00:00'])
  await stop()
})

test('a clock that is set back over the end of a window puts its tick once', async () => {
  const { clock, puts, set, start } = fleet('1h')
  const stop = start(() => true)
  await settled()
  await clock.moveTo(START + 3_600_000, settled)
  expect(times(puts)).toEqual(['12:00:00', '13:00:00'])
  set(-2_000)
  await clock.moveTo(START + 2 * 3_600_000, settled)
  expect(times(puts)).toEqual(['12:00:00', '13:00:00'])
  await clock.moveTo(START + 2 * 3_600_000 + 3_000, settled)
  expect(times(puts)).toEqual(['12:00:00', '13:00:00', '14:00:00'])
  await stop()
})

test('two workers on a stream of two shards handle each window once, and go on when one of them stops', async () => {
  await using ship = await launch({ emulators, streams: [{ name: 'cdc', shards: 2 }] })
  const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
  const windows: string[] = []
  const application = `ticks-${randomUUID()}`
  const state = memoryState()
  const start = () => {
    const pod = worker(
      ['one', 'two', 'three'].map((name) =>
        reactor(name).every('count', { each: '1s', catchUp: 'all' }, ({ to }) => {
          windows.push(`${name} ${to.getTime() / 1_000}`)
        }),
      ),
      {
        application,
        streams: ['cdc'],
        state,
        deadLetters: memoryDeadLetters(),
        kinesis,
        dynamodb,
        logger: silent,
        leases: { failover: '1500ms' },
        poll: { interval: '200ms' },
      },
    )
    return { pod, run: pod.run() }
  }
  const [first, second] = [start(), start()]
  const of = (name: string) =>
    windows.filter((line) => line.startsWith(name)).map((line) => Number(line.split(' ')[1]))
  const names = ['one', 'two', 'three']
  const reached = (count: number) =>
    vi.waitFor(() => expect(names.every((name) => of(name).length >= count)).toBe(true), { timeout: 20_000 })
  await reached(3)
  await first.pod.stop()
  await reached(of('one').length + 4)
  await second.pod.stop()
  await Promise.all([first.run, second.run])
  for (const name of names) {
    const seen = of(name)
    const [begin = 0] = seen
    expect(seen, name).toEqual(seen.map((_, n) => begin + n))
  }
  dynamodb.destroy()
  kinesis.destroy()
})

test('a direct tick does not wait behind the stream, and is handled by one worker, once', async () => {
  await using ship = await launch({ emulators, streams: [{ name: 'cdc', shards: 2 }] })
  const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
  const windows: number[] = []
  const stuck = Promise.withResolvers<void>()
  const state = memoryState()
  const letters = memoryDeadLetters()
  const alarm = () =>
    reactor('alarm').every('count', { each: '1s', via: 'direct', catchUp: 'all' }, ({ to }) => {
      windows.push(to.getTime() / 1_000)
    })
  const application = `direct-${randomUUID()}`
  const start = () => {
    // Its route holds up all that comes over the stream.
    const slow = reactor('slow').every('stuck', { each: '1s' }, () => stuck.promise, { timeout: '60s' })
    const pod = worker([alarm(), slow], {
      ...{ application, streams: ['cdc'], state, deadLetters: letters, kinesis, dynamodb, logger: silent },
      leases: { failover: '1500ms' },
      poll: { interval: '200ms' },
    })
    return { pod, run: pod.run() }
  }
  const [first, second] = [start(), start()]
  const reached = (count: number) =>
    vi.waitFor(() => expect(windows.length).toBeGreaterThanOrEqual(count), { timeout: 20_000 })
  await reached(3)
  stuck.resolve()
  await first.pod.stop()
  await reached(windows.length + 3)
  await second.pod.stop()
  await Promise.all([first.run, second.run])
  const [begin = 0] = windows
  expect(windows).toEqual(windows.map((_, n) => begin + n))
  expect(letters.letters).toEqual([])
  dynamodb.destroy()
  kinesis.destroy()
})

test('a cron that pauses is walked through once for each of its windows, and not at all where others hold its shard', async () => {
  let asked = 0
  const minute = 60_000
  // Every minute of the first hour of a day.
  const next = (after: number) => {
    asked += 1
    const at = (Math.floor(after / minute) + 1) * minute
    const day = Math.floor(at / 86_400_000) * 86_400_000
    return at - day < 60 * minute ? at : day + 86_400_000
  }
  let isHeld = false
  const { clock, puts, run } = crons({ hourly: { next } })
  const stop = run(() => isHeld)
  await settled()
  await clock.moveTo(START + 10_000, settled)
  expect(asked).toBe(0)
  isHeld = true
  await clock.moveTo(START + 12_000, settled)
  const once = asked
  await clock.moveTo(START + 120_000, settled)
  await stop()
  expect([puts.length, once > 0, asked - once]).toEqual([1, true, 0])
})

test('a cron whose first time is to come puts nothing before it, and one that throws ends no other route', async () => {
  const opening = START + 60_000
  const { clock, puts, errors, run } = crons({
    opening: { next: (after) => (after < opening ? opening : undefined) },
    broken: {
      next: () => {
        throw new Error('no such day')
      },
    },
  })
  const stop = run()
  await settled()
  await clock.moveTo(START + 30_000, settled)
  expect(puts).toEqual([])
  await clock.moveTo(START + 61_000, settled)
  await stop()
  expect(puts).toEqual([{ at: '12:01:00', key: 'watch/opening' }])
  expect(errors).toEqual(['putting ticks fails: will try again until it works'])
})

/** What a worker reads of its state for a direct tick: the route's watermark, and once the tick has ended whether it is charged. */
const [MARK, CHARGE] = ['direct/tick/alarm/count', 'direct/suspect/direct/alarm/count']
const isTickOver = (looks: readonly string[]) =>
  looks.includes(MARK) && looks.lastIndexOf(CHARGE) > looks.indexOf(MARK)

/** Workers on one shard, with a direct tick whose handler waits until it is let go. */
async function directOnShip() {
  const ship = await launch({ emulators, streams: ['cdc'] })
  const [dynamodb, kinesis] = [
    new DynamoDBClient(ship.clientConfig('dynamodb')),
    new KinesisClient(ship.clientConfig('kinesis')),
  ]
  const [state, deadLetters] = [memoryState(), memoryDeadLetters()]
  const log: string[] = []
  const goes = Promise.withResolvers<void>()
  const row = async () => (await dynamodb.send(new ScanCommand({ TableName: 'direct' }))).Items?.[0] ?? {}
  const counter = async () => Number((await row()).leaseCounter?.N)
  return {
    ...{ dynamodb, log, goes, row },
    /** @param looked told of what the worker reads of its state */
    worker: (me: string, looked: (key: string) => void = () => {}) =>
      worker(
        [
          reactor('alarm').every('count', { each: '1h', via: 'direct' }, async ({ to }) => {
            log.push(`${me} starts ${to.toISOString()}`)
            await goes.promise
            log.push(`${me} ends`)
          }),
        ],
        {
          ...{ application: 'direct', streams: ['cdc'], deadLetters, dynamodb, kinesis, logger: silent },
          ...{ leases: { failover: '1s' }, drainTimeout: '10s' },
          state: {
            ...state,
            get: (key) => {
              looked(key)
              return state.get(key)
            },
          },
        },
      ),
    /** Resolves when the shard's lease was renewed for three lives. */
    renewed: async () => {
      const began = await counter()
      await vi.waitFor(async () => expect(await counter()).toBeGreaterThan(began + 9), { timeout: 20_000 })
    },
    [Symbol.asyncDispose]: async () => {
      dynamodb.destroy()
      kinesis.destroy()
      await ship.close()
    },
  }
}

test('a direct tick that runs as its worker drains keeps the shard until it has ended: the next owner does not run it again', async () => {
  await using direct = await directOnShip()
  const one = direct.worker('one')
  const run = one.run()
  await vi.waitFor(() => expect(direct.log.length).toBe(1), { timeout: 20_000 })
  const stopped = one.stop()
  // Shards without anything to do are given up at once.
  await direct.renewed()
  direct.goes.resolve()
  expect(await stopped).toEqual({ complete: true, leases: 1, unfinished: 0 })
  await run
  const looks: string[] = []
  const two = direct.worker('two', (key) => looks.push(key))
  const running = two.run()
  await vi.waitFor(() => expect(isTickOver(looks)).toBe(true), { timeout: 20_000 })
  expect((await direct.row()).leaseOwner?.S).toBe(two.id)
  await two.stop()
  await running
  expect(direct.log.length).toBe(2)
}, 60_000)

test('a direct tick that runs as another worker asks for its shard keeps that until it has ended: it is not run again', async () => {
  await using direct = await directOnShip()
  const looks: string[] = []
  const [one, two] = [direct.worker('one'), direct.worker('two', (key) => looks.push(key))]
  const run = one.run()
  await vi.waitFor(() => expect(direct.log.length).toBe(1), { timeout: 20_000 })
  // With one shard its share is none: it is given what somebody has asked for in its name.
  const running = two.run()
  const { leaseKey = { S: '' } } = await direct.row()
  await direct.dynamodb.send(
    new UpdateItemCommand({
      ...{ TableName: 'direct', Key: { leaseKey } },
      UpdateExpression: 'SET spaceshipWanted = :two',
      ExpressionAttributeValues: { ':two': { S: two.id } },
    }),
  )
  await direct.renewed()
  expect([direct.log.length, (await direct.row()).leaseOwner?.S, looks.includes(MARK)]).toEqual([
    1,
    one.id,
    false,
  ])
  direct.goes.resolve()
  await vi.waitFor(() => expect(isTickOver(looks)).toBe(true), { timeout: 20_000 })
  expect([direct.log.length, (await direct.row()).leaseOwner?.S]).toEqual([2, two.id])
  await Promise.all([one.stop(), two.stop()])
  await Promise.all([run, running])
}, 60_000)
