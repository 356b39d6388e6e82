/** A worker keeps what it holds until it has given it up, and takes nothing that is another application's. */

import { DynamoDBClient, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { reactor } from '@spaceship/core'
import { memoryState } from '@spaceship/core/memory'
import { expect, test, vi } from 'vitest'
import { podsOnShip, refusal, saved } from '../test/pods.ts'

const wait = { timeout: 20_000, interval: 20 }

test('a drain that is longer than the failover keeps its lease: what it finishes counts, and nobody repeats it', async () => {
  await using pods = await podsOnShip()
  const runs: string[] = []
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const slow = (who: string) =>
    reactor('slow').on(
      'see',
      saved,
      async (e) => {
        runs.push(`${who} starts ${e.after.id}`)
        if (e.after.id === 'x') await finished
        runs.push(`${who} ends ${e.after.id}`)
      },
      { effect: 'claim', timeout: '20s' },
    )
  await pods.put('x')
  const one = pods.pod(slow('one'), { workerId: 'one', drainTimeout: '30s' })
  const runOne = one.run()
  await vi.waitFor(() => expect(runs).toEqual(['one starts x']), wait)
  const stopped = one.stop()
  // A peer looks for leases that are not renewed, for longer than three of their lives.
  const two = pods.pod(slow('two'), { workerId: 'two' })
  const runTwo = two.run()
  const counter = async () => {
    const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))
    return Number(Items[0]?.leaseCounter?.N)
  }
  const began = await counter()
  await vi.waitFor(async () => expect(await counter()).toBeGreaterThan(began + 9), wait)
  expect((await pods.leases()).map(({ owner }) => owner)).toEqual(['one'])
  finish()
  expect(await stopped).toEqual({ complete: true, leases: 1, unfinished: 0 })
  await runOne

  await pods.put('y')
  await vi.waitFor(() => expect(runs.at(-1)).toBe('two ends y'), wait)
  expect(runs).toEqual(['one starts x', 'one ends x', 'two starts y', 'two ends y'])
  expect(pods.lines.filter(({ message }) => message === 'lease lost')).toEqual([])
  await two.stop()
  await runTwo
}, 60_000)

test('a lease that another worker takes as its own drains is no part of a complete drain, though all has ended', async () => {
  await using pods = await podsOnShip()
  let runs = 0
  const finished = Promise.withResolvers<void>()
  const slow = reactor('slow').on('see', saved, async () => {
    runs += 1
    await finished.promise
  })
  await pods.put('x')
  const pod = pods.pod(slow, { drainTimeout: '30s' })
  const run = pod.run()
  await vi.waitFor(() => expect(runs).toBe(1), wait)
  // No write of the worker comes through, until another one has the lease.
  pods.bent.fail = (operation) => (operation === 'UpdateItem' ? refusal('ThrottlingException') : undefined)
  const stopped = pod.stop()
  finished.resolve()
  const peer = new DynamoDBClient(pods.ship.clientConfig('dynamodb'))
  const { Items: [{ leaseKey = { S: '' } } = {}] = [] } = await peer.send(
    new ScanCommand({ TableName: 'app' }),
  )
  await peer.send(
    new UpdateItemCommand({
      TableName: 'app',
      Key: { leaseKey },
      UpdateExpression: 'SET leaseOwner = :other ADD leaseCounter :one',
      ExpressionAttributeValues: { ':other': { S: 'other' }, ':one': { N: '1' } },
    }),
  )
  peer.destroy()
  pods.bent.fail = () => undefined
  expect(await stopped).toEqual({ complete: false, leases: 1, unfinished: 0 })
  await run
  const told = pods.lines.map(({ message }) => message)
  expect(told).toContain('lease lost')
  expect(told).not.toContain('lease given up')
}, 60_000)

test('of two applications in one lease table, the second is refused, at the same moment too', async () => {
  await using pods = await podsOnShip(2)
  const ids = Array.from({ length: 12 }, (_, i) => `i${i}`)
  await pods.put(...ids)
  const seen = { one: new Set<string>(), two: new Set<string>() }
  const start = (application: 'one' | 'two') => {
    const noting = reactor('note').on('see', saved, (e) => void seen[application].add(e.after.id))
    const pod = pods.pod(noting, { application, leases: { table: 'shared', failover: '1s' } })
    return { pod, run: pod.run().then(undefined, (error: unknown) => error) }
  }
  const both = { one: start('one'), two: start('two') }
  const refused = await Promise.race([both.one.run, both.two.run])
  expect(refused).toMatchObject({ code: 'configuration' })
  expect(String(refused)).toMatch(
    /rows of the application '(one|two)'.*expected a table of its own in 'leases\.table'/,
  )
  // What was refused has nothing to give back, and says so once.
  for (const { pod } of Object.values(both)) await pod.stop()
  await Promise.all(Object.values(both).map(({ run }) => run))
}, 60_000)

test('the rows of a KCL fleet are taken only when a migration is asked for', async () => {
  await using pods = await podsOnShip()
  const noting = () => reactor('note').on('see', saved, () => {})
  const first = pods.pod(noting())
  const run = first.run()
  await vi.waitFor(async () => expect((await pods.leases())[0]?.owner).toBeDefined(), wait)
  await first.stop()
  await run
  await unmark(pods.dynamodb, 'app')

  await expect(pods.pod(noting()).run()).rejects.toThrow(/1 row\(s\) without an application.*migrate: true/)
  const migrating = pods.pod(noting(), { leases: { failover: '1s', migrate: true } })
  const running = migrating.run()
  await vi.waitFor(async () => expect((await pods.leases())[0]?.owner).toBeDefined(), wait)
  await migrating.stop()
  await running
}, 60_000)

/** As KCL writes them. */
async function unmark(dynamodb: DynamoDBClient, table: string): Promise<void> {
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: table }))
  for (const { leaseKey } of Items)
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: table,
        Key: leaseKey === undefined ? {} : { leaseKey },
        UpdateExpression: 'REMOVE application',
      }),
    )
}

/** A worker that holds its lease and has handled one record. */
async function held(pods: Awaited<ReturnType<typeof podsOnShip>>, more: object = {}) {
  const seen: string[] = []
  await pods.put('x')
  const pod = pods.pod(
    reactor('note').on('see', saved, (e) => void seen.push(e.after.id)),
    more,
  )
  const run = pod.run()
  await vi.waitFor(() => expect(seen).toEqual(['x']), wait)
  return { pod, run }
}

const messages = (pods: Awaited<ReturnType<typeof podsOnShip>>) => pods.lines.map(({ message }) => message)

test('a write that fails as the worker drains is made again: what was finished is not repeated', async () => {
  for (const failing of ['SET', 'REMOVE']) {
    await using pods = await podsOnShip()
    // No renewal in between: the checkpoint is left to the drain.
    const { pod, run } = await held(pods, { leases: { failover: '1m' } })
    let failures = 0
    pods.bent.fail = (operation, { UpdateExpression }) => {
      const isRelease = String(UpdateExpression).includes('REMOVE #leaseOwner')
      if (operation !== 'UpdateItem' || isRelease !== (failing === 'REMOVE') || failures >= 2)
        return undefined
      failures += 1
      return refusal('ProvisionedThroughputExceededException')
    }
    expect(await pod.stop()).toEqual({ complete: true, leases: 1, unfinished: 0 })
    await run
    expect(failures).toBe(2)
    const [lease] = await pods.leases()
    expect(lease?.checkpoint).toMatch(/^\d+$/)
    expect(lease?.owner).toBeUndefined()
  }
}, 60_000)

test('a lease that cannot be given up is told as that, and the drain ends all the same', async () => {
  for (const refuses of [
    () => Promise.resolve(refusal('AccessDeniedException')),
    () => new Promise<undefined>(() => {}),
  ]) {
    await using pods = await podsOnShip()
    const { pod, run } = await held(pods, { drainTimeout: '200ms', leases: { failover: '10s' } })
    pods.bent.fail = (operation) => (operation === 'UpdateItem' ? refuses() : undefined)
    expect(await pod.stop()).toMatchObject({ complete: false, leases: 1 })
    await run
    expect(messages(pods)).not.toContain('lease given up')
    expect(pods.lines.filter(({ level }) => level === 'error').at(-1)).toMatchObject({
      message: expect.stringMatching(/^a lease could not be given up/),
      fields: { shard: 'shardId-000000000000' },
    })
  }
}, 60_000)

test('a request that never answers keeps no drain from beginning', async () => {
  for (const hanging of ['ListShards', 'Scan']) {
    await using pods = await podsOnShip()
    const { pod, run } = await held(pods)
    const hung = Promise.withResolvers<void>()
    pods.bent.fail = (operation) => {
      if (operation !== hanging) return undefined
      hung.resolve()
      return new Promise<undefined>(() => {})
    }
    await hung.promise
    expect(await pod.stop()).toEqual({ complete: true, leases: 1, unfinished: 0 })
    await run
  }
}, 60_000)

test('a lease that is taken as the worker stops is given back before its run ends', async () => {
  await using pods = await podsOnShip()
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<undefined>()
  pods.bent.fail = (operation, { UpdateExpression }) => {
    if (operation !== 'UpdateItem' || !String(UpdateExpression).includes('#leaseOwner = ')) return undefined
    asked.resolve()
    return answer.promise
  }
  const pod = pods.pod(reactor('note').on('see', saved, () => {}))
  const run = pod.run()
  await asked.promise
  const stopped = pod.stop()
  answer.resolve(undefined)
  await stopped
  await run
  expect((await pods.leases()).map(({ owner }) => owner)).toEqual([undefined])
}, 60_000)

const isTake = ({ UpdateExpression }: Readonly<Record<string, unknown>>) =>
  String(UpdateExpression).includes('#leaseOwner = ')

test('a take that fails is tried again, and is no rejection that nobody handles', async () => {
  await using pods = await podsOnShip()
  let failures = 0
  pods.bent.fail = (operation, input) => {
    if (operation !== 'UpdateItem' || !isTake(input) || failures >= 2) return undefined
    failures += 1
    return refusal('InternalServerError')
  }
  // Vitest fails a run in which a rejection was left alone.
  const { pod, run } = await held(pods)
  expect(failures).toBe(2)
  await pod.stop()
  await run
}, 60_000)

test('a lease whose take was never answered is given back with the others as the worker stops', async () => {
  await using pods = await podsOnShip()
  const asked = Promise.withResolvers<void>()
  let isLost = true
  pods.bent.after = (operation, output) => {
    const { leaseOwner, leaseCounter } = Object(output.Attributes)
    if (operation !== 'UpdateItem' || leaseOwner === undefined || leaseCounter.N !== '1' || !isLost) return
    isLost = false
    asked.resolve()
    throw refusal('InternalServerError')
  }
  const pod = pods.pod(
    reactor('note').on('see', saved, () => {}),
    { leases: { failover: '60s' } },
  )
  const run = pod.run()
  await asked.promise
  expect((await pods.leases()).map(({ owner }) => owner)).toEqual([pod.id])
  await pod.stop()
  await run
  expect((await pods.leases()).map(({ owner }) => owner)).toEqual([undefined])
}, 60_000)

test('a drain ends when the others can hear of what it gave up, however slow the store is', async () => {
  await using pods = await podsOnShip()
  const state = memoryState()
  const news: unknown[] = []
  const slow = {
    ...state,
    set: async (...asked: Parameters<typeof state.set>) => {
      const [key, value] = asked
      if (!key.endsWith('/notice')) return state.set(...asked)
      await new Promise((resolve) => setTimeout(resolve, 300))
      const answer = await state.set(...asked)
      news.push(value?.news)
      return answer
    },
  }
  const pod = pods.pod(
    reactor('note').on('see', saved, () => {}),
    { state: slow },
  )
  const run = pod.run()
  await vi.waitFor(
    async () => expect((await pods.leases()).map(({ owner }) => owner !== undefined)).toEqual([true]),
    wait,
  )
  const before = news.length
  await pod.stop()
  expect(news.length).toBeGreaterThan(before)
  await run
}, 60_000)

test("read from the newest record on: what was read and is not done is the next worker's, though nothing was checkpointed", async () => {
  await using pods = await podsOnShip()
  const [tried, seen]: [string[], string[]] = [[], []]
  let isDown = true
  const made = () =>
    reactor('note').on(
      'see',
      saved,
      (e) => {
        tried.push(e.after.id)
        if (isDown) throw new Error('down')
        seen.push(e.after.id)
      },
      { retry: { attempts: 50, base: '200ms', max: '400ms' } },
    )
  const streams = [{ stream: 'cdc', start: 'LATEST' as const }]
  await pods.put('before')
  const one = pods.pod(made(), { workerId: 'one', streams })
  const runOne = one.run()
  // Read up to its end, once at the least.
  const reads = () => pods.lines.some(({ message }) => message === 'lease taken')
  await vi.waitFor(() => expect(reads()).toBe(true), wait)
  await vi.waitFor(
    async () => {
      await pods.put(`a${tried.length}`)
      expect(tried.length).toBeGreaterThan(0)
    },
    { timeout: 20_000, interval: 300 },
  )
  const [first = ''] = tried
  const rows = async () => (await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))).Items ?? []
  expect((await rows()).map(({ checkpoint }) => checkpoint?.S)).toEqual(['LATEST'])
  expect((await one.stop()).unfinished).toBeGreaterThan(0)
  await runOne
  isDown = false
  const two = pods.pod(made(), { workerId: 'two', streams })
  const runTwo = two.run()
  await vi.waitFor(() => expect(seen).toContain(first), wait)
  expect(seen).not.toContain('before')
  await vi.waitFor(
    async () =>
      expect((await rows()).map((row) => [row.spaceshipFirst, row.checkpoint?.S !== 'LATEST'])).toEqual([
        [undefined, true],
      ]),
    wait,
  )
  await two.stop()
  await runTwo
}, 60_000)

test("read from the newest record on: what comes to an idle shard between two owners is the second one's", async () => {
  await using pods = await podsOnShip()
  await pods.put('before')
  const seen: string[] = []
  const noting = reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
  const streams = [{ stream: 'cdc', start: 'LATEST' as const }]
  const rows = async () => (await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))).Items ?? []
  // The second owner may begin two seconds before the first one has.
  const put = Date.now()
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(put + 2_100), wait)
  const one = pods.pod(noting, { streams })
  const runOne = one.run()
  await vi.waitFor(
    async () =>
      expect((await rows()).map((row) => row.spaceshipFirst?.S)).toEqual([expect.stringMatching(/^@\d+$/)]),
    wait,
  )
  await one.stop()
  await runOne
  await pods.put('between')
  const two = pods.pod(noting, { streams })
  const runTwo = two.run()
  await pods.put('after')
  await vi.waitFor(() => expect(seen).toContain('after'), wait)
  expect(seen).toEqual(['between', 'after'])
  await vi.waitFor(
    async () => expect((await rows()).map((row) => row.spaceshipFirst)).toEqual([undefined]),
    wait,
  )
  await two.stop()
  await runTwo
}, 60_000)

test('a lease that is lost, and free again, is not taken beside a handler of it that still runs', async () => {
  await using pods = await podsOnShip()
  const ended = Promise.withResolvers<void>()
  const log: string[] = []
  // It hears no signal, and keeps its deadline.
  const slow = reactor('slow').on(
    'see',
    saved,
    async (e) => {
      log.push(`starts ${e.after.id}`)
      if (log.length === 1) await ended.promise
      log.push(`ends ${e.after.id}`)
    },
    { timeout: '60s' },
  )
  await pods.put('k')
  const pod = pods.pod(slow)
  const run = pod.run()
  await vi.waitFor(() => expect(log).toEqual(['starts k']), wait)
  const lost = () => pods.lines.some(({ message }) => message === 'lease lost')
  pods.bent.fail = (operation) =>
    operation === 'UpdateItem' ? refusal('ProvisionedThroughputExceededException') : undefined
  await vi.waitFor(() => expect(lost()).toBe(true), wait)
  delete pods.bent.fail
  // The lease is free for longer than a worker needs to take one.
  const scans: string[] = []
  pods.bent.after = (operation) => {
    if (operation === 'Scan') scans.push(operation)
  }
  await vi.waitFor(() => expect(scans.length).toBeGreaterThan(6), wait)
  expect(log).toEqual(['starts k'])
  ended.resolve()
  await vi.waitFor(() => expect(log.length).toBe(4), wait)
  expect(log).toEqual(['starts k', 'ends k', 'starts k', 'ends k'])
  await pod.stop()
  await run
}, 60_000)
