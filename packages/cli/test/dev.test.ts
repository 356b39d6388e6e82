/** What a developer sees who saves files while the reactors run. */

import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { dev, outcome, running } from './dev.ts'
import { CONFIG, GOOD, GREETER, projectWith, WORKER } from './project.ts'

const put = (id: string, plan = 'trial') => ['put', 'client', JSON.stringify({ id, plan })] as const

test.each(['worker', 'lambda'])(
  'as a %s: a row reaches the reactors, new code runs from the next record on, and Control-C drains',
  async (runtime) => {
    using project = projectWith(GOOD)
    await using session = dev(project, '--runtime', runtime)
    const { endpoints } = await session.next(({ type }) => type === 'flying')
    expect(Object.keys(Object(endpoints))).toEqual(['dynamodb', 'kinesis', 'search', 'slack', 'scheduler'])
    await session.next(running)

    expect((await project.spaceship(put('acme'))).code).toBe(0)
    const done = await session.next(outcome('greeter/greet', 'done'))
    expect(done).toMatchObject({ what: "clients 'acme' created", attempt: 1, ms: expect.any(Number) })

    // No route takes it: each says why.
    await project.spaceship(put('acme', 'paid'))
    await session.next(outcome('greeter/thank', 'done'))
    await project.spaceship(put('acme'))
    const unwanted = await session.next(({ type }) => type === 'unwanted')
    expect(unwanted).toMatchObject({ what: "clients 'acme' changed" })
    expect(JSON.stringify(unwanted.why)).toContain("'plan' went from 'paid' to 'trial'")

    project.write({ 'src/greeter.ts': GREETER.replace("log.info('hello'", "log.info('welcome'") })
    expect(await session.next(running)).toMatchObject({ again: true })
    await project.spaceship(put('globex'))
    await session.next(({ type, line }) => type === 'printed' && String(line).includes('"message":"welcome"'))
    await session.next(outcome('greeter/greet', 'done'))
    const ends = session.said.filter(outcome('greeter/greet', 'done'))
    expect(
      ends.map(({ what }) => what),
      'nothing came again',
    ).toEqual(["clients 'acme' created", "clients 'globex' created"])

    expect(await session.end()).toBe(0)
    expect(existsSync(join(project.root, '.spaceship/ship.json'))).toBe(false)
  },
)

test('code that does not compile is shown with its place, and the former version runs on', async () => {
  using project = projectWith(GOOD)
  await using session = dev(project)
  await session.next(running)
  project.write({ 'src/greeter.ts': `${GREETER}\nexport const broken = (` })
  expect(await session.next(({ type }) => type === 'refused')).toMatchObject({
    message: expect.stringMatching(/src\/greeter\.ts:\d+:\d+/),
    former: true,
  })
  await project.spaceship(put('acme')).then(({ code }) => expect(code, 'put reads the same project').toBe(2))
  project.write({ 'src/greeter.ts': GREETER })
  await project.spaceship(put('acme'))
  await session.next(outcome('greeter/greet', 'done'))
})

test('a project that is wrong from the start is shown, and flies once it is mended', async () => {
  using project = projectWith({ ...GOOD, 'spaceship.config.ts': CONFIG.replace("'greeter'", "''") })
  await using session = dev(project)
  expect(await session.next(({ type }) => type === 'refused')).toMatchObject({
    message: expect.stringContaining("'application' is empty"),
    former: false,
  })
  project.write({ 'spaceship.config.ts': CONFIG })
  await session.next(running)
})

test('a version that ends before it consumes is shown, and the former one starts again', async () => {
  using project = projectWith(GOOD)
  await using session = dev(project)
  await session.next(running)
  project.write({ 'src/worker.ts': WORKER.replace("application: 'greeter'", "application: ''") })
  await session.next(
    ({ type, line }) => type === 'printed' && String(line).includes("'application' is empty"),
  )
  expect(await session.next(({ type }) => type === 'refused')).toMatchObject({ former: true })
  await project.spaceship(put('acme'))
  await session.next(outcome('greeter/greet', 'done'))
})

test('a handler that fails is told with its reason and the time until the next attempt', async () => {
  const failing = GREETER.replace("log.info('hello', { id: e.after.id })", "{ throw new Error('no paper') }")
  using project = projectWith({ ...GOOD, 'src/greeter.ts': failing })
  await using session = dev(project)
  await session.next(running)
  await project.spaceship(put('acme'))
  expect(await session.next(outcome('greeter/greet', 'waiting'))).toMatchObject({
    attempt: 1,
    detail: 'retry: Error: no paper',
    waitMs: expect.any(Number),
  })
})

test.each(['worker', 'lambda'])(
  'as a %s: a table that a route names from now on is there, and schedules tick',
  async (runtime) => {
    using project = projectWith(GOOD)
    await using session = dev(project, '--runtime', runtime)
    await session.next(running)
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
  },
)

test('an AWS profile of the terminal does not reach the reactors', async () => {
  const telling = GREETER.replace(
    "log.info('hello', { id: e.after.id })",
    "log.info('sees', { profile: process.env.AWS_PROFILE ?? 'none', own: process.env.OWN, key: process.env.AWS_ACCESS_KEY_ID })",
  )
  using project = projectWith({ ...GOOD, 'src/greeter.ts': telling })
  Object.assign(process.env, { AWS_PROFILE: 'production', OWN: 'mine' })
  await using session = dev(project)
  delete process.env.AWS_PROFILE
  delete process.env.OWN
  await session.next(running)
  await project.spaceship(put('acme'))
  const { line } = await session.next(({ type, line }) => type === 'printed' && String(line).includes('sees'))
  expect(JSON.parse(String(line)).details).toMatchObject({ profile: 'none', own: 'mine' })
})

test.each([
  [['--runtime', 'lambda'], 'lambda', 'src/other.ts does not exist'],
  [[], 'worker', 'src/other.ts does not exist'],
])('dev %j without its module says what is missing', async (args, module, why) => {
  const config = CONFIG.replace("streams: ['cdc']", `streams: ['cdc'], ${module}: 'src/other.ts'`)
  using project = projectWith({ ...GOOD, 'spaceship.config.ts': config })
  const { code, err } = await project.spaceship(['dev', ...args])
  expect([code, err]).toEqual([2, expect.stringContaining(why)])
})

test('a second ship of a project is refused; one that was killed is no running ship, and takes its processes along', async () => {
  using project = projectWith(GOOD)
  await using session = dev(project)
  await session.next(running)
  const second = await project.spaceship(['dev'])
  expect([second.code, second.err]).toEqual([
    2,
    expect.stringContaining(`in the process ${session.child.pid}`),
  ])
  const workers = await childrenOf(session.child.pid)
  expect(workers.length).toBeGreaterThan(0)
  await session.end('SIGKILL')
  expect(readFileSync(join(project.root, '.spaceship/ship.json'), 'utf8')).toContain('"pid"')
  const { code, err } = await project.spaceship(put('acme'))
  expect([code, err]).toEqual([3, expect.stringContaining('no ship runs')])
  await expect.poll(() => workers.filter(isAlive), { timeout: 20_000 }).toEqual([])
})

async function childrenOf(pid: number | undefined): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(pid)])
  return stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [Number(line)]))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

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

test('a folder of somebody else is no data of a ship, and is left as it is', async () => {
  using project = projectWith({ ...GOOD, 'photos/cat.txt': 'mine' })
  const { code, err } = await project.spaceship(['dev', '--data', 'photos'])
  expect([code, err]).toEqual([1, expect.stringContaining('no data of a spaceship')])
  expect(readFileSync(join(project.root, 'photos/cat.txt'), 'utf8')).toBe('mine')
})
