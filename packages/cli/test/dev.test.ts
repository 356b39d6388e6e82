/** What a developer sees who saves files while the reactors run. A session takes seconds to start: tests that leave it well share one. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DescribeStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn'
import { launch } from '@spaceship/local'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { provideMachines } from '../src/dev/machines.ts'
import { childrenOf, type Dev, dev, isAlive, outcome, running } from './dev.ts'
import { CONFIG, GOOD, GREETER, projectWith, type TestProject, WORKER } from './project.ts'

const put = (id: string, plan = 'trial') => ['put', 'client', JSON.stringify({ id, plan })] as const

const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:reminders'

/** The stream on which the reminders of the machine come back. */
async function streamOf(endpoint: string): Promise<unknown> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new SFNClient({ endpoint, region: 'us-east-1', credentials })
  try {
    const { definition = '' } = await client.send(
      new DescribeStateMachineCommand({ stateMachineArn: MACHINE }),
    )
    return /"StreamName":"(\w+)"/.exec(definition)?.[1]
  } finally {
    client.destroy()
  }
}

const printed =
  (text: string) =>
  ({ type, line }: { readonly type: string; readonly line?: unknown }): boolean =>
    type === 'printed' && String(line).includes(text)

describe.each(['worker', 'lambda'])('as a %s', (runtime) => {
  let project: TestProject
  let session: Dev
  let stepFunctions = ''
  beforeAll(async () => {
    project = projectWith(GOOD)
    // None of this terminal's reaches the reactors that leads to an account.
    const terminal = {
      AWS_PROFILE: 'production',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
      AWS_USE_FIPS_ENDPOINT: 'true',
      AWS_USE_DUALSTACK_ENDPOINT: 'true',
      OWN: 'mine',
    }
    Object.assign(process.env, terminal)
    session = dev(project, '--runtime', runtime)
    for (const name of Object.keys(terminal)) delete process.env[name]
    const { endpoints } = await session.next(({ type }) => type === 'flying')
    stepFunctions = Object(endpoints).stepFunctions
    expect(Object.keys(Object(endpoints))).toEqual([
      'dynamodb',
      'kinesis',
      'search',
      'slack',
      'scheduler',
      'stepFunctions',
      's3',
      'sqs',
      'sns',
    ])
    await session.next(running)
  })
  afterAll(async () => {
    await session[Symbol.asyncDispose]()
    project[Symbol.dispose]()
  })

  test('a row reaches the reactors, and what no route takes is told with the reason of each', async () => {
    expect((await project.spaceship(put('acme'))).code).toBe(0)
    const done = await session.next(outcome('greeter/greet', 'done'))
    expect(done).toMatchObject({ what: "clients 'acme' created", attempt: 1, ms: expect.any(Number) })
    await project.spaceship(put('acme', 'paid'))
    await session.next(outcome('greeter/thank', 'done'))
    await project.spaceship(put('acme'))
    const unwanted = await session.next(({ type }) => type === 'unwanted')
    expect(unwanted).toMatchObject({ what: "clients 'acme' changed" })
    expect(JSON.stringify(unwanted.why)).toContain("'plan' went from 'paid' to 'trial'")
  })

  test('new code runs from the next record on, and repeats nothing; it sees no profile of an account', async () => {
    const telling =
      "log.info('sees', { profile: process.env.AWS_PROFILE ?? 'none', own: process.env.OWN ?? 'none' })"
    project.write({ 'src/greeter.ts': GREETER.replace("log.info('hello', { id: e.after.id })", telling) })
    expect(await session.next(running)).toMatchObject({ again: true })
    await project.spaceship(put('globex'))
    const { line } = await session.next(printed('"message":"sees"'))
    expect(JSON.parse(String(line)).details).toMatchObject({ profile: 'none', own: 'mine' })
    await session.next(outcome('greeter/greet', 'done'))
    const ends = session.said.filter(outcome('greeter/greet', 'done'))
    expect(ends.map(({ what }) => what)).toEqual(["clients 'acme' created", "clients 'globex' created"])
  })

  test('code that does not compile is shown with its place, and the former version runs on', async () => {
    project.write({ 'src/greeter.ts': `${GREETER}\nexport const broken = (` })
    expect(await session.next(({ type }) => type === 'refused')).toMatchObject({
      message: expect.stringMatching(/src\/greeter\.ts:\d+:\d+/),
      former: true,
    })
    expect((await project.spaceship(put('initech'))).code, 'put reads the same project').toBe(2)
    project.write({ 'src/greeter.ts': GREETER })
    await session.next(running)
    await project.spaceship(put('initech'))
    await session.next(outcome('greeter/greet', 'done'))
  })

  test('a handler that fails is told with its reason and the time until the next attempt', async () => {
    const failing = GREETER.replace(
      "log.info('hello', { id: e.after.id })",
      "{ throw new Error('no paper') }",
    )
    project.write({ 'src/greeter.ts': failing })
    await session.next(running)
    await project.spaceship(put('hooli'))
    expect(await session.next(outcome('greeter/greet', 'waiting'))).toMatchObject({
      attempt: 1,
      detail: 'retry: Error: no paper',
      waitMs: expect.any(Number),
    })
  })

  test('a table that a route names from now on is there, and schedules tick', async () => {
    project.write({
      'src/greeter.ts': `${GREETER}
import { entity } from '@spaceship/core'
import * as z from 'zod'
const Order = entity('order', { table: 'orders', key: 'no', schema: z.object({ no: z.number() }) })
greeter.on('ship', Order.created('order.created'), () => {}).every('count', { each: '1s' }, () => {})
`,
    })
    await session.next(running)
    const { code, err } = await project.spaceship(['put', 'order', '{"no": 7}'])
    expect([code, err]).toEqual([0, ''])
    expect(await session.next(outcome('greeter/ship', 'done'))).toMatchObject({ what: "orders '7' created" })
    await session.next(outcome('greeter/count', 'done'))
  })

  test('variables of the config reach the next version, and a route that only the config has is told', async () => {
    const more = `variables: { OWN: 'theirs', STATE_MACHINE_ARN: '${MACHINE}' }, reactors: () => [greeter, reactor('other').on('see', joined, () => {})]`
    const config = CONFIG.replace('reactors: () => [greeter]', more).replace(
      'import { greeter }',
      "import { reactor } from '@spaceship/core'\nimport { joined } from './src/client.ts'\nimport { greeter }",
    )
    project.write({
      'src/greeter.ts': GREETER.replace('{ id: e.after.id }', '{ own: process.env.OWN }'),
      'spaceship.config.ts': config,
    })
    await session.next(running)
    await project.spaceship(put('umbrella'))
    const { line } = await session.next(printed('"message":"hello"'))
    expect(JSON.parse(String(line)).details).toEqual({ own: 'theirs' })
    const told = session.said.filter(({ type }) => type === 'said').map(({ text }) => String(text))
    expect(told.join()).toContain('the config has other/see')
  })

  test('the state machine whose ARN is a variable of the config is there', async () => {
    expect(await streamOf(stepFunctions)).toBe('cdc')
  })

  test('a table that makes no sense is told, and ends nothing', async () => {
    const config = CONFIG.replace("streams: ['cdc']", "streams: ['cdc'], tables: [{ name: 'x', key: 'id' }]")
    project.write({ 'spaceship.config.ts': config })
    expect(await session.next(({ type }) => type === 'refused')).toMatchObject({
      message: expect.stringContaining("'tables[0].name' is 'x'"),
      former: true,
    })
    project.write({ 'spaceship.config.ts': CONFIG })
    await session.next(running)
  })

  test('a second ship of the project is refused, and Control-C drains', async () => {
    const second = await project.spaceship(['dev'])
    expect([second.code, second.err]).toEqual([
      2,
      expect.stringContaining(`in the process ${session.child.pid}`),
    ])
    expect(await session.end()).toBe(0)
    expect(existsSync(join(project.root, '.spaceship/ship.json'))).toBe(false)
  })
})

test('a state machine that a former session has left gets the definition of the present project', async () => {
  await using ship = await launch({ streams: ['old', 'new'] })
  const variables = {
    STATE_MACHINE_ARN: MACHINE,
    OTHER: 'arn:aws:states:eu-west-1:123456789012:stateMachine:x',
  }
  for (const stream of ['old', 'old', 'new']) {
    await provideMachines(ship.clientConfig('stepFunctions'), { variables, streams: [stream] })
    expect(await streamOf(ship.endpoints.stepFunctions)).toBe(stream)
  }
})

test('a project that is wrong from the start flies once it is mended; versions that end at once give way to the one that ran; a kill leaves nothing running', async () => {
  using project = projectWith({ ...GOOD, 'spaceship.config.ts': CONFIG.replace("'greeter'", "''") })
  await using session = dev(project)
  expect(await session.next(({ type }) => type === 'refused')).toMatchObject({
    message: expect.stringContaining("'application' is empty"),
    former: false,
  })
  project.write({ 'spaceship.config.ts': CONFIG })
  await session.next(running)

  for (const version of [1, 2, 3, 4]) {
    const failing = WORKER.replace("application: 'greeter'", "application: ''")
    project.write({ 'src/worker.ts': `${failing}\nexport const version = ${version}\n` })
    await session.next(printed("'application' is empty"))
    expect(await session.next(({ type }) => type === 'refused')).toMatchObject({ former: true })
  }
  await project.spaceship(put('acme'))
  await session.next(outcome('greeter/greet', 'done'))

  const workers = await childrenOf(session.child.pid)
  expect(workers.length).toBeGreaterThan(0)
  await session.end('SIGKILL')
  expect(readFileSync(join(project.root, '.spaceship/ship.json'), 'utf8')).toContain('"pid"')
  const { code, err } = await project.spaceship(put('acme'))
  expect([code, err]).toEqual([3, expect.stringContaining('no ship runs')])
  await expect.poll(() => workers.filter(isAlive), { timeout: 20_000 }).toEqual([])
})

test('a config that is refused starts nothing, and the same version runs on once it is mended', async () => {
  using project = projectWith(GOOD)
  await using session = dev(project)
  await session.next(running)
  const refused = ({ type }: { readonly type: string }) => type === 'refused'
  const failing = `${GREETER}\nthrow new Error('boom')\n`
  for (const [config, greeter] of [
    [CONFIG.replace('export default', 'export const config ='), GREETER],
    [CONFIG, failing],
  ] as const) {
    project.write({ 'spaceship.config.ts': config, 'src/greeter.ts': greeter })
    expect(await session.next(refused)).toMatchObject({ former: true })
  }
  project.write({ 'spaceship.config.ts': CONFIG, 'src/greeter.ts': GREETER })
  await session.next(({ text }) => String(text).includes('the same version runs on'))
  expect(session.said.filter(running)).toHaveLength(1)
  expect(session.said.filter(({ text }) => text !== undefined).map(({ text }) => String(text))).toEqual([
    'it compiles again: the same version runs on',
  ])
})

test('a worker that has ended starts again with any file that is saved, also with the same code', async () => {
  const dying = GREETER.replace(
    "'book', invoicePaid, () => {}",
    "'book', invoicePaid, () => void (readFileSync('flag.txt', 'utf8') === 'die' && process.exit(7))",
  )
  using project = projectWith({
    ...GOOD,
    'src/greeter.ts': `import { readFileSync } from 'node:fs'\n${dying}`,
    'flag.txt': 'die',
  })
  await using session = dev(project)
  await session.next(running)
  await project.spaceship(['publish', 'invoice.paid', '{"clientId": "acme", "amount": 1}'])
  await session.next(
    ({ type, text }) => type === 'said' && String(text).includes('the worker ended (code 7)'),
  )
  // What is wrong may be mended in a file that no bundle holds.
  project.write({ 'flag.txt': 'live' })
  expect(await session.next(running)).toMatchObject({ again: true })
  await session.next(outcome('greeter/book', 'done'))
})

test.each(['worker', 'lambda'])(
  'as a %s: with --data the ship goes on where it stood, and the reactors do nothing twice',
  async (runtime) => {
    using project = projectWith(GOOD)
    {
      await using session = dev(project, '--runtime', runtime, '--data', '.data')
      await session.next(running)
      await project.spaceship(put('acme'))
      await session.next(outcome('greeter/greet', 'done'))
      expect(await session.end()).toBe(0)
    }
    await using session = dev(project, '--runtime', runtime, '--data', '.data')
    await session.next(running)
    // The row is there: what was a new one before is a change of it now.
    await project.spaceship(put('acme', 'paid'))
    await session.next(outcome('greeter/thank', 'done'))
    await project.spaceship(put('globex'))
    expect(await session.next(outcome('greeter/greet', 'done'))).toMatchObject({
      what: "clients 'globex' created",
    })
    expect(session.said.filter(outcome('greeter/greet', 'done'))).toHaveLength(1)
  },
)

test('a module that is missing is named, and a folder of somebody else is no data of a ship', async () => {
  const config = CONFIG.replace("streams: ['cdc']", "streams: ['cdc'], lambda: 'src/other.ts'")
  using project = projectWith({ ...GOOD, 'spaceship.config.ts': config, 'photos/cat.txt': 'mine' })
  const without = await project.spaceship(['dev', '--runtime', 'lambda'])
  expect([without.code, without.err]).toEqual([2, expect.stringContaining('src/other.ts does not exist')])
  const foreign = await project.spaceship(['dev', '--data', 'photos'])
  expect([foreign.code, foreign.err]).toEqual([1, expect.stringContaining('no data of a spaceship')])
  expect(readFileSync(join(project.root, 'photos/cat.txt'), 'utf8')).toBe('mine')
})
