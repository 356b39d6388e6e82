/** A worker that is set up wrongly says at its start everything that is wrong and what to do; one that meets an outage waits. */

import { ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { reactor } from '@spaceship/core'
import { cron } from '@spaceship/core/cron'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import { type Clock, systemClock } from '@spaceship/core/ports'
import { createStateTable, dynamodbDeadLetters, dynamodbState } from '@spaceship/handlers/dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type Pods, podsOnShip, refusal, saved } from '../test/pods.ts'
import { type WorkerOptions, worker } from './index.ts'

const wait = { timeout: 20_000, interval: 20 }
let pods: Pods
beforeAll(async () => {
  pods = await podsOnShip()
})
afterEach(() => {
  pods.bent.fail = () => undefined
})
afterAll(() => pods[Symbol.asyncDispose]())

let application = ''
let n = 0
beforeEach(() => {
  n += 1
  application = `app-${n}`
})

const noting = () => reactor('note').on('see', saved, () => {}, { effect: 'claim' })

/** What the start fails with. */
async function refused(more: Partial<WorkerOptions>): Promise<string> {
  const pod = pods.pod(noting(), { application, ...more })
  const error = await pod.run().then(
    () => 'it ran',
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ code: 'configuration' })
  return String(error)
}

/** Starts, waits for the first lease, and stops. */
async function flies(more: Partial<WorkerOptions> = {}): Promise<void> {
  const before = pods.lines.length
  const pod = pods.pod(noting(), { application, ...more })
  const run = pod.run()
  const told = () => pods.lines.slice(before).map(({ message }) => message)
  await vi.waitFor(() => expect(told()).toContain('lease taken'), wait)
  await pod.stop()
  await run
}

const keysIn = async (table: string, key: string) => {
  const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: table }))
  return Items.map((item) => item[key]?.S ?? '')
}

test('names that are misspelt are told all at once, with the nearest name and the flag', async () => {
  await createStateTable({ client: pods.dynamodb, table: 'fleet-state', sorted: true })
  const state = dynamodbState({ client: pods.dynamodb, table: 'fleet-stat', sorted: true, create: false })
  const message = await refused({ streams: ['cdcs'], state, create: false, leases: { table: 'item' } })
  expect(message.split('\n').slice(1).sort()).toEqual([
    "  - 'leases' cannot use the table 'item' (not-found): it is not in the account and Region of the client (the nearest name there is 'items'): correct the name, create the table, or pass 'create: true'",
    "  - 'state' cannot use the table 'fleet-stat' (not-found): it is not in the account and Region of the client (the nearest name there is 'fleet-state'): correct the name, create the table, or pass 'create: true'",
    "  - 'streams[0]' cannot use the stream 'cdcs' (not-found): it is not in the account and Region of the client (the nearest name there is 'cdc'): correct the name in 'streams', or create the stream",
  ])
})

test('a table of another kind is told from a missing one', async () => {
  const state = dynamodbState({ client: pods.dynamodb, table: 'items', sorted: true })
  expect(await refused({ state })).toContain("'state' cannot use the table 'items' (not-found)")
  expect(await refused({ leases: { table: 'items' } })).toMatch(
    /'leases' (cannot use the table|failed its check)/,
  )
})

test('each action that is not allowed is named, with its table or stream', async () => {
  await flies()
  const denied: Readonly<Record<string, string>> = {
    DescribeStreamSummary:
      "'streams[0]' cannot use the stream 'cdc' (denied): grant kinesis:DescribeStreamSummary",
    ListShards: "'streams[0]' cannot use the stream 'cdc' (denied): grant kinesis:ListShards",
    GetShardIterator: "'streams[0]' cannot use the stream 'cdc' (denied): grant kinesis:GetShardIterator",
    GetRecords: "'streams[0]' cannot use the stream 'cdc' (denied): grant kinesis:GetRecords",
    Scan: `'leases' cannot use the table '${application}' (denied): grant dynamodb:Scan`,
    UpdateItem: `'leases' cannot use the table '${application}' (denied): grant dynamodb:UpdateItem`,
  }
  for (const [action, problem] of Object.entries(denied)) {
    pods.bent.fail = (operation) => (operation === action ? refusal('AccessDeniedException') : undefined)
    expect(await refused({})).toContain(problem)
  }
  const table = `${application}-letters`
  await createStateTable({ client: pods.dynamodb, table })
  const stores = {
    state: dynamodbState({ client: pods.dynamodb, table }),
    deadLetters: dynamodbDeadLetters({ client: pods.dynamodb, table }),
  }
  for (const action of ['GetItem', 'PutItem', 'DeleteItem']) {
    pods.bent.fail = (operation, { TableName }) =>
      operation === action && TableName === table ? refusal('AccessDeniedException') : undefined
    const message = await refused(stores)
    for (const store of ['state', 'deadLetters'])
      expect(message).toContain(
        `'${store}' cannot use the table '${table}' (denied): grant dynamodb:${action}`,
      )
  }
})

test('an outage at the start is told once and waited for', async () => {
  let failures = 0
  pods.bent.fail = (operation) => {
    if (operation !== 'ListShards' || failures >= 6) return undefined
    failures += 1
    return refusal('LimitExceededException')
  }
  const before = pods.lines.length
  await flies({ clock: hurried(20) })
  expect(failures).toBe(6)
  const told = pods.lines
    .slice(before)
    .filter(({ message }) => message === 'the start waits for what is down')
  expect(told).toMatchObject([{ level: 'warn', fields: { dependency: 'kinesis' } }])
})

test('an outage at the start that lasts for five minutes is told once more, at error', async () => {
  let isDown = true
  pods.bent.fail = (operation) =>
    operation === 'ListShards' && isDown ? refusal('LimitExceededException') : undefined
  const before = pods.lines.length
  const told = () =>
    pods.lines
      .slice(before)
      .filter(({ message }) => message === 'the start waits for what is down')
      .map(({ level }) => level)
  let passed = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + passed }
  const flown = flies({ clock, random: () => 0.01 })
  await vi.waitFor(() => expect(told()).toEqual(['warn']), wait)
  passed = 301_000
  await vi.waitFor(() => expect(told()).toEqual(['warn', 'error']), wait)
  isDown = false
  await flown
  expect(told()).toEqual(['warn', 'error'])
})

test('while one thing is waited for, what was well is not asked again', async () => {
  let [failures, summaries] = [0, 0]
  pods.bent.fail = (operation) => {
    if (operation === 'DescribeStreamSummary') summaries += 1
    if (operation !== 'Scan' || failures >= 3) return undefined
    failures += 1
    return refusal('ThrottlingException')
  }
  // The turns of the shard sync ask which streams they are, too: none comes here.
  await flies({ clock: hurried(20), shardSync: '1h' })
  expect([failures, summaries]).toEqual([3, 1])
})

test('a stop ends a start that waits', async () => {
  pods.bent.fail = () => refusal('ThrottlingException')
  const pod = pods.pod(noting(), { application })
  const run = pod.run()
  await vi.waitFor(() => expect(pods.lines.at(-1)?.message).toBe('the start waits for what is down'), wait)
  expect(await pod.stop()).toEqual({ complete: true, leases: 0, unfinished: 0 })
  await run
})

test('a stop ends a start that waits for an answer', async () => {
  const hung = Promise.withResolvers<void>()
  pods.bent.fail = (operation) => {
    if (operation !== 'Scan') return undefined
    hung.resolve()
    return new Promise<undefined>(() => {})
  }
  const pod = pods.pod(noting(), { application })
  const run = pod.run()
  await hung.promise
  expect(await pod.stop()).toEqual({ complete: true, leases: 0, unfinished: 0 })
  await run
})

test('what never answers is told after five seconds', async () => {
  const hung = Promise.withResolvers<undefined>()
  pods.bent.fail = (operation) => (operation === 'DescribeStreamSummary' ? hung.promise : undefined)
  const pod = pods.pod(noting(), { application, clock: hurried(50) })
  const run = pod.run()
  await vi.waitFor(
    () =>
      expect(pods.lines.at(-1)).toMatchObject({ level: 'warn', fields: { details: { waitedMs: 5_000 } } }),
    wait,
  )
  hung.resolve(undefined)
  await pod.stop()
  await run
})

test('application and streams are all that a worker needs: leases, state and dead letters have their tables', async () => {
  const { dynamodb, kinesis } = pods
  const seen: string[] = []
  const app = reactor('note', { retry: { attempts: 1 } })
    .on('see', saved, (e) => void seen.push(e.after.id), { effect: 'claim' })
    .on('fail', saved, () => Promise.reject(new Error('no')))
  await pods.put(application)
  const pod = worker([app], {
    application,
    streams: ['cdc'],
    dynamodb,
    kinesis,
    logger: { level: 'error' },
    poll: { interval: '200ms' },
  })
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const run = pod.run()
  await vi.waitFor(() => expect(seen).toContain(application), wait)
  await vi.waitFor(async () => {
    const keys = await keysIn(`${application}-state`, 'key')
    expect(keys.some((key) => key.startsWith(`${application}/dead-letter/`))).toBe(true)
    expect(keys.some((key) => key.startsWith(`${application}/claim/`))).toBe(true)
  }, wait)
  written.mockRestore()
  await pod.stop()
  await run
  // Own clients would have been closed; these are the test's.
  const { TableNames = [] } = await dynamodb.send(new ListTablesCommand({}))
  expect(TableNames).toEqual(expect.arrayContaining([application, `${application}-state`]))
})

test('the checks leave nothing behind', async () => {
  const table = `${application}-state`
  const before = pods.lines.length
  const stores = {
    state: dynamodbState({ client: pods.dynamodb, table, sorted: true }),
    deadLetters: dynamodbDeadLetters({ client: pods.dynamodb, table, sorted: true }),
  }
  await flies(stores)
  expect((await keysIn(table, 'key')).filter((key) => key.includes('check'))).toEqual([])
  expect((await keysIn(application, 'leaseKey')).every((key) => key.includes(':cdc:'))).toBe(true)
  const notes = pods.lines.slice(before).filter(({ level }) => level === 'warn')
  expect(notes.map(({ message }) => message).sort()).toEqual([
    'the lease table is new: each stream is read from its start position',
    `the table '${application}' was missing, and has been made`,
    `the table '${table}' was missing, and has been made`,
  ])
})

test('an option that is misspelt is refused with the nearest one', () => {
  const misspelt = {
    drainTimeOut: '1s',
    leases: { failOver: '2s' },
    pol: {},
    statte: 1,
    streams: ['cdc', { stream: 'cdc-2', strat: 'LATEST' }],
    maxAhead: { recrods: 5 },
  }
  // What a caller without types might pass.
  const build = () => pods.pod(noting(), misspelt as Partial<WorkerOptions>)
  expect(build).toThrow(/'drainTimeOut' is no option: expected 'drainTimeout'/)
  expect(build).toThrow(/'leases.failOver' is no option: expected 'failover'/)
  expect(build).toThrow(/'streams\[1\]\.strat' is no option: expected 'start'/)
  expect(build).toThrow(/'maxAhead\.recrods' is no option: expected 'records'/)
  expect(build).toThrow(/'pol' is no option: expected 'poll'/)
  expect(build).toThrow(/'statte' is no option: expected 'state'/)
})

test('dead letters are needed where a state is passed', () => {
  const { state } = { state: dynamodbState({ client: pods.dynamodb, table: 'items' }) }
  const build = (more: object) =>
    worker([noting()], {
      application,
      streams: ['cdc'],
      kinesis: pods.kinesis,
      dynamodb: pods.dynamodb,
      ...more,
    })
  expect(() => build({ state })).toThrow("'deadLetters' is missing")
  expect(() => build({ state, deadLetters: memoryDeadLetters() })).not.toThrow()
})

/** A clock whose waits pass faster, while its moments are real. */
function hurried(times: number): Clock {
  return { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / times, signal) }
}

test('a cron with a day that some months do not have is told at the start, and flies', async () => {
  const before = pods.lines.length
  const monthly = reactor('billing').every('monthly', { cron: cron('0 0 31 * *') }, () => {})
  const pod = pods.pod(monthly, { application })
  const run = pod.run()
  const told = () => pods.lines.slice(before).map(({ level, message }) => `${level} ${message}`)
  await vi.waitFor(() => expect(told()).toContain('info lease taken'), wait)
  await pod.stop()
  await run
  expect(told()).toContain(
    "warn the route 'billing/monthly': the cron '0 0 31 * *' leaves out each month without a day 31: 'L' is the last day of every month",
  )
})

test('a stop while nothing that the start asks is answered leaves nothing behind that would keep the process', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  // Of both clients, \`send\` alone is used.
  const mute = { send: () => new Promise<never>(() => {}) } as never
  const before = timers()
  const pod = pods.pod(noting(), { application, kinesis: mute, dynamodb: mute })
  const run = pod.run()
  await vi.waitFor(() => expect(timers()).toBeGreaterThan(before), wait)
  await pod.stop()
  await run
  await vi.waitFor(() => expect(timers()).toBeLessThanOrEqual(before), wait)
})

test('lists of shards that take longer than two lives of a lease are told, and fail no start', async () => {
  let late = 0
  let lists = 0
  const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + late }
  pods.bent.after = (operation) => {
    if (operation !== 'ListShards') return
    lists += 1
    if (lists <= 4) late += 2_100
  }
  const before = pods.lines.length
  await flies({ clock })
  pods.bent.after = () => {}
  const told = pods.lines.slice(before).filter(({ message }) => message.startsWith('looking for shards'))
  expect(told).toMatchObject([
    { level: 'warn', fields: { stream: 'cdc', error: { code: 'stream-late' } } },
    { level: 'info', message: 'looking for shards works again' },
  ])
})

test("a store whose check never answers once is asked again, and the start's wait for it is told", async () => {
  let checks = 0
  const check = () => {
    checks += 1
    return checks === 1 ? new Promise<never>(() => {}) : Promise.resolve(undefined)
  }
  const before = pods.lines.length
  await flies({ state: { ...memoryState(), check }, clock: hurried(100) })
  const waits = pods.lines
    .slice(before)
    .filter(({ message }) => message === 'the start waits for what is down')
  expect(waits).toMatchObject([{ level: 'warn', fields: { dependency: 'port' } }])
})
