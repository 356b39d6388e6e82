/** Dead letters from a command line: found, shown, brought back; on the ship, and with the credentials of a terminal. */

import { userInfo } from 'node:os'
import type { DeadLetter } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import { GOOD, projectWith } from './project.ts'
import { shipFor } from './ship.ts'

const MINUTE = 60_000

function letter(n: number, about: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id: `greeter/greeter/greet/cdc/shardId-0/${n}/0`,
    application: 'greeter',
    reactor: 'greeter',
    route: 'greet',
    lane: `clients/c${n}`,
    reason: 'exhausted',
    detail: 'Error: boom',
    attempts: 5,
    at: new Date(Date.now() - (10 - n) * MINUTE),
    stream: 'cdc',
    shard: 'shardId-0',
    sequence: String(n),
    subSequence: 0,
    partitionKey: `c${n}`,
    data: new TextEncoder().encode(`{"n":${n}}`),
    ...about,
  }
}

const LETTERS = [
  letter(1),
  letter(2, { route: 'thank', reason: 'permanent', attempts: 1 }),
  letter(3, {
    reactor: undefined,
    route: undefined,
    lane: '',
    reason: 'undecodable',
    attempts: 0,
    data: new Uint8Array([255, 0]),
  }),
  letter(4, { route: 'thank' }),
  letter(5, { route: 'book', reason: 'parked', attempts: 0, lane: 'clients/c4' }),
]

async function shipWithLetters(project: Parameters<typeof shipFor>[0]) {
  const ship = await shipFor(project)
  for (const one of LETTERS) await ship.letters.put(one)
  return ship
}

const sequences = (out: string) =>
  out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).sequence]))

test.each([
  [[], ['1', '2', '3', '4', '5']],
  [
    ['--reactor', 'greeter'],
    ['1', '2', '4', '5'],
  ],
  [
    ['--route', 'thank'],
    ['2', '4'],
  ],
  [['--route', 'greeter/thank', '--reason', 'exhausted'], ['4']],
  [
    ['--since', '6.5m'],
    ['4', '5'],
  ],
  [
    ['--until', new Date(Date.now() - 7.5 * MINUTE).toISOString()],
    ['1', '2'],
  ],
  [
    ['--limit', '2'],
    ['1', '2'],
  ],
])('letters list %j finds %j', async (filters, expected) => {
  using project = projectWith(GOOD)
  await using _ = await shipWithLetters(project)
  const { code, out } = await project.spaceship(['letters', 'list', '--json', ...filters])
  expect([code, sequences(out)]).toEqual([0, expected])
})

test('the list for people has a number for each letter, by which it is shown with its record', async () => {
  using project = projectWith(GOOD)
  await using _ = await shipWithLetters(project)
  const { out, err } = await project.spaceship(['letters', 'list', '--limit', '3'])
  const rows = out.split('\n').map((line) => line.split(/ {2,}/))
  expect(rows[0]).toEqual(['#', 'when', 'route', 'reason', 'attempts', 'what', 'detail'])
  expect(rows[2]).toEqual(['2', '8 m ago', 'greeter/thank', 'permanent', '1', 'clients/c2', 'Error: boom'])
  expect(err).toContain('2 more')
  const shown = await project.spaceship(['letters', 'show', '2'])
  expect(shown.out).toContain('permanent, after 1 attempt')
  expect(shown.out).toContain('"n": 2')
  const bytes = await project.spaceship(['letters', 'show', LETTERS[2]?.id ?? '', '--json'])
  expect(JSON.parse(bytes.out)).toMatchObject({ reason: 'undecodable', base64: '/wA=', bytes: 2 })
})

test.each([
  [['list', '--reason', 'exausted'], 2, "did you mean 'exhausted'?"],
  [['list', '--since', 'yesterday'], 2, 'expected an ISO time'],
  [['show', '99'], 3, "there is no letter '99'"],
  [['redrive', '1', 'none'], 3, "there is no letter 'none'"],
  [['drain', 'none'], 3, "there is no letter 'none'"],
  [['discard'], 2, 'no letter is named: expected ids, numbers, or a filter such as --reason'],
  [['discard', '1', '--reason', 'exhausted'], 2, 'letters are named, and filters are given'],
  [['discard', '--all'], 2, '--all'],
  [['discard', '1', 'none'], 3, "there is no letter 'none'"],
])('letters %j ends with %i', async (args, expected, why) => {
  using project = projectWith(GOOD)
  await using ship = await shipWithLetters(project)
  const { code, err } = await project.spaceship(['letters', ...args])
  expect(code).toBe(expected)
  expect(err).toContain(why)
  expect(await ship.records(), 'nothing was put back').toEqual([])
})

test('a redrive puts the letters that pass on the stream, and leaves an audit line for each', async () => {
  using project = projectWith(GOOD)
  await using ship = await shipWithLetters(project)
  const dry = await project.spaceship(['letters', 'redrive', '--route', 'thank', '--dry-run', '--json'])
  expect(dry.err).toBe('2 letters would be put back')
  expect(dry.out.split('\n').map((line) => JSON.parse(line).message)).toEqual(
    Array(2).fill('redrive would be asked for'),
  )
  expect(await ship.records()).toEqual([])

  const { code, out, err } = await project.spaceship(['letters', 'redrive', '--route', 'thank', '--json'])
  expect([code, err]).toEqual([0, '2 letters put back on cdc'])
  expect(out.split('\n').map((line) => JSON.parse(line))).toMatchObject(
    [LETTERS[1], LETTERS[3]].map((one) => ({
      level: 'INFO',
      message: 'redrive asked for',
      service: 'greeter',
      letter: one?.id,
      route: 'thank',
      reason: one?.reason,
      details: { by: userInfo().username },
    })),
  )
  const named = (await ship.records()).map((record) => JSON.stringify(record))
  expect(named.map((text) => LETTERS.findIndex(({ id }) => text.includes(`"${id}"`)))).toEqual([1, 3])
})

test('a letter that is named twice, by its number and its id, is put back once', async () => {
  using project = projectWith(GOOD)
  await using ship = await shipWithLetters(project)
  const { err } = await project.spaceship(['letters', 'redrive', '2', '2', LETTERS[1]?.id ?? ''])
  expect(err).toBe('1 letter put back on cdc')
  expect(await ship.records()).toHaveLength(1)
})

test('what waits behind a parked lane comes with its leader or alone, and a drain names the lane', async () => {
  using project = projectWith(GOOD)
  await using ship = await shipWithLetters(project)
  const all = await project.spaceship(['letters', 'redrive', '--all'])
  expect(all.err).toBe('5 letters put back on cdc')
  const drained = await project.spaceship(['letters', 'drain', '5'])
  expect([drained.code, drained.out]).toEqual([0, expect.stringContaining('drain asked for')])
  expect(JSON.stringify((await ship.records()).at(-1))).toContain('clients/c4')
})

test('what is discarded is gone, with an audit line; those that wait go first, and what waits behind one goes on', async () => {
  using project = projectWith(GOOD)
  await using ship = await shipWithLetters(project)
  await ship.letters.put(letter(6, { route: 'book', lane: 'clients/c4' }))
  const left = async () => sequences((await project.spaceship(['letters', 'list', '--json'])).out)
  const dry = await project.spaceship(['letters', 'discard', '--route', 'book', '--dry-run', '--json'])
  expect([dry.code, dry.err, await left()]).toEqual([
    0,
    '2 letters would be removed',
    ['1', '2', '3', '4', '5', '6'],
  ])
  const { code, out, err } = await project.spaceship(['letters', 'discard', '--route', 'book', '--json'])
  expect([code, err, await left()]).toEqual([0, '2 letters removed', ['1', '2', '3', '4']])
  expect(out.split('\n').map((line) => JSON.parse(line))).toMatchObject(
    ['5', '6'].map((position) => ({
      message: 'discard asked for',
      position,
      details: { by: userInfo().username },
    })),
  )
  const named = (await ship.records()).map((record) => JSON.stringify(record))
  expect([named.length, named[0]?.includes('drain'), named[0]?.includes('clients/c4')]).toEqual([
    1,
    true,
    true,
  ])

  await project.spaceship(['letters', 'discard', '3', LETTERS[2]?.id ?? ''])
  expect([await left(), (await ship.records()).length]).toEqual([['1', '2', '4'], 1])
})

test('a redrive of nothing says so', async () => {
  using project = projectWith(GOOD)
  await using _ = await shipFor(project)
  expect((await project.spaceship(['letters', 'list'])).err).toBe('no letter')
  expect(await project.spaceship(['letters', 'redrive', '--all'])).toMatchObject({
    code: 0,
    err: '0 letters put back on cdc',
  })
})

test('an account is reached only if it is asked for, with the variables of the terminal', async () => {
  using project = projectWith(GOOD)
  using elsewhere = projectWith(GOOD)
  await using account = await shipWithLetters(elsewhere)
  const before = { ...process.env }
  Object.assign(process.env, account.environment)
  try {
    expect((await project.spaceship(['letters', 'list'])).code, 'no ship runs here').toBe(3)
    const { code, out } = await project.spaceship(['letters', 'list', '--account', '--json'])
    expect([code, sequences(out)]).toEqual([0, ['1', '2', '3', '4', '5']])
  } finally {
    for (const name of Object.keys(account.environment)) delete process.env[name]
    Object.assign(process.env, before)
  }
})

test('a store that refuses is told with what it lacks, not with a stack trace', async () => {
  using project = projectWith({
    ...GOOD,
    'spaceship.config.ts': `
      import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
      import { dynamodbDeadLetters } from '@spaceship/handlers/dynamodb'
      import { defineConfig } from '@spaceship/cli'
      import { greeter } from './src/greeter.ts'
      export default defineConfig({
        application: 'greeter', streams: ['cdc'], reactors: () => [greeter],
        deadLetters: () => dynamodbDeadLetters({ client: new DynamoDBClient(), table: 'misspelt' }),
      })`,
  })
  await using _ = await shipFor(project)
  const { code, err } = await project.spaceship(['letters', 'list'])
  expect(code).toBe(1)
  expect(err).toContain('misspelt')
  expect(err).not.toMatch(/\n\s+at /)
})

/** A store that makes its letters as they are asked for, the oldest last. */
const MANY = `
  import { defineConfig } from '@spaceship/cli'
  import { greeter } from './src/greeter.ts'
  const data = new Uint8Array(1_000)
  const letterOf = (n: number) => ({
    ...{ id: \`greeter/greeter/greet/cdc/0/\${n}/0\`, application: 'greeter', reactor: 'greeter', route: 'greet' },
    ...{ lane: 'clients/c', reason: 'exhausted' as const, detail: 'Error: boom', attempts: 5 },
    ...{ at: new Date(1_800_000_000_000 - n * 1_000), stream: 'cdc', shard: '0', sequence: String(n) },
    ...{ subSequence: 0, partitionKey: 'c', data },
  })
  export default defineConfig({
    application: 'greeter', streams: ['cdc'], reactors: () => [greeter],
    deadLetters: () => ({
      put: async () => {}, get: async () => undefined, remove: async () => {},
      list: async function* () {
        for (let n = 1; n <= 100_000; n += 1) yield letterOf(n)
      },
    }),
  })`

test('of 100,000 letters the oldest are shown, whatever the order of the store', {
  timeout: 60_000,
}, async () => {
  using project = projectWith({ ...GOOD, 'spaceship.config.ts': MANY })
  const { code, out, err } = await project.spaceship([
    'letters',
    'list',
    '--account',
    '--json',
    '--limit',
    '3',
  ])
  expect([code, sequences(out)]).toEqual([0, ['100000', '99999', '99998']])
  expect(JSON.parse(out.split('\n')[0] ?? '')).toMatchObject({ bytes: 1_000 })
  const people = await project.spaceship(['letters', 'list', '--account', '--limit', '3'])
  expect(people.err).toContain('99997 more')
  expect(err).toBe('… 99997 more: --limit 100000 shows them')
})
