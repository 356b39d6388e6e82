import { once } from 'node:events'
import { copyFileSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fixture, mappingStage } from '../../test/mapping-stage.ts'

const { batches, createStream, inFolder, journal, lines, map, put, ran } = mappingStage()

let gate: Awaited<ReturnType<typeof listen>>
beforeEach(async () => {
  gate = await listen()
})
afterEach(() => gate.close())

/** Holds the functions that wait, until it is opened. */
async function listen() {
  const held: ServerResponse[] = []
  const server = createServer((_, response) => void held.push(response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : expect.unreachable()
  return {
    url: `http://127.0.0.1:${port}`,
    reached: () => vi.waitUntil(() => held.length > 0, { timeout: 20_000 }),
    open: () => {
      for (const response of held.splice(0)) response.end()
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const variables = (version: string) => ({ JOURNAL: journal(), GATE: gate.url, VERSION: version })

/** Another module that does the same. */
function moduleNamed(name: string): string {
  const path = inFolder(`${name}.mjs`)
  writeFileSync(path, `export { handler } from ${JSON.stringify(pathToFileURL(fixture('gated')).href)}\n`)
  return path
}

const gated = () => map({ handler: moduleNamed('one'), environment: variables('1'), batchSize: 1 })
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a new version runs what comes after it, in a process of its own, and no record comes twice', async () => {
  await createStream()
  const mapping = await gated()
  await put({ id: 'a' }, { id: 'b' })
  await mapping.idle()
  const [former = expect.unreachable()] = mapping.pids
  await mapping.update({ handler: moduleNamed('two'), environment: variables('2') })
  expect(isAlive(former)).toBe(false)
  await put({ id: 'c' })
  await mapping.idle()
  expect(ran()).toMatchObject([
    { records: ['a'], module: 'one.mjs', version: '1' },
    { records: ['b'], module: 'one.mjs', version: '1' },
    { records: ['c'], module: 'two.mjs', version: '2' },
  ])
  expect(mapping.pids).toEqual([ran()[2]?.pid])
})

test('without an environment the former one stays, and what is given to each mapping is in every version', async () => {
  await createStream()
  const surroundings = { variables: { VERSION: 'of the ship', GATE: gate.url } }
  const mapping = await map(
    { handler: moduleNamed('one'), environment: { JOURNAL: journal(), VERSION: '1' } },
    surroundings,
  )
  await mapping.update({ handler: moduleNamed('two') })
  await put({ id: 'a' })
  await mapping.idle()
  await mapping.update({ handler: moduleNamed('three'), environment: { JOURNAL: journal() } })
  await put({ id: 'b' })
  await mapping.idle()
  expect(ran()).toMatchObject([
    { module: 'two.mjs', version: '1' },
    { module: 'three.mjs', version: 'of the ship' },
  ])
})

test('the same file with other content is another version', async () => {
  await createStream()
  const path = inFolder('function.mjs')
  writeFileSync(path, 'export const handler = () => console.log("before")')
  const mapping = await map({ handler: path })
  await put({ id: 'a' })
  await mapping.idle()
  writeFileSync(path, 'export const handler = () => console.log("after")')
  await mapping.update({ handler: path })
  await put({ id: 'b' })
  await mapping.idle()
  await vi.waitUntil(() => lines.length === 2, { timeout: 20_000 })
  expect(lines).toEqual(['before', 'after'])
})

test('what runs on the former code gets its answer; of several updates meanwhile the last one holds', async () => {
  await createStream()
  const mapping = await gated()
  await put({ id: 'a', fail: 'wait' }, { id: 'b' })
  await gate.reached()
  const [former = expect.unreachable()] = mapping.pids
  const updates = ['2', '3', '4'].map((version) =>
    mapping.update({ handler: moduleNamed(`version-${version}`), environment: variables(version) }),
  )
  expect(isAlive(former)).toBe(true)
  gate.open()
  await Promise.all(updates)
  expect(isAlive(former)).toBe(false)
  await mapping.idle()
  expect(ran()).toMatchObject([
    { records: ['a'], version: '1' },
    { records: ['b'], version: '4', module: 'version-4.mjs' },
  ])
  expect(mapping.invocations.map(({ verdict }) => verdict)).toEqual(['done', 'done'])
})

test('an invocation of the former code that hangs gets its time-out, and its record runs on the new code', async () => {
  await createStream()
  const mapping = await map({
    handler: fixture('gated'),
    environment: variables('1'),
    timeoutMs: 500,
    maximumRetryAttempts: 1,
  })
  await put({ id: 'a', fail: 'wait' })
  await gate.reached()
  const path = inFolder('report.mjs')
  copyFileSync(fixture('report'), path)
  await mapping.update({ handler: path })
  await mapping.idle()
  expect(mapping.invocations).toMatchObject([
    { verdict: 'failed', error: { type: 'Sandbox.Timedout' } },
    { verdict: 'done' },
  ])
  expect(batches()).toEqual(['a', 'a'])
})

test('updates one after the other, while records keep coming, lose and repeat none', async () => {
  await createStream(2)
  const mapping = await gated()
  const ids = Array.from({ length: 24 }, (_, index) => `${index};`)
  for (const [index, id] of ids.entries()) {
    await put({ id, key: `key-${index}` })
    if (index % 6 === 5)
      await mapping.update({ handler: moduleNamed(`at-${index}`), environment: variables(`${index}`) })
  }
  await mapping.idle()
  expect(
    ran()
      .flatMap(({ records }) => records)
      .sort(),
  ).toEqual([...ids].sort())
  await put({ id: 'last' })
  await mapping.idle()
  expect(ran().at(-1)).toMatchObject({ records: ['last'], version: '23' })
})

test('a version that does not load is told in the log, tried again, and replaced by one that does', async () => {
  await createStream()
  const mapping = await gated()
  await mapping.update({ handler: fixture('broken') })
  await put({ id: 'a' })
  await vi.waitUntil(() => mapping.invocations.length >= 2, { timeout: 20_000 })
  expect(mapping.invocations[0]).toMatchObject({
    verdict: 'failed',
    error: { type: 'SyntaxError', message: 'cannot start' },
  })
  expect(lines).toContain('one did not start: SyntaxError: cannot start')
  await mapping.update({ handler: moduleNamed('two') })
  await mapping.idle()
  expect(ran()).toMatchObject([{ records: ['a'], module: 'two.mjs' }])
})

test('an update without an invocation before it starts no process', async () => {
  await createStream()
  const mapping = await gated()
  await mapping.update({ handler: moduleNamed('two') })
  expect(mapping.pids).toEqual([])
})

test('refuses an update that cannot be, with all its problems, and goes on with the former code', async () => {
  await createStream()
  const mapping = await gated()
  const wrong = mapping.update({ handler: '/nowhere/lambda.mjs', ...JSON.parse('{"environment":"none"}') })
  await expect(wrong).rejects.toMatchObject({
    code: 'configuration',
    problems: [expect.stringContaining("'handler'"), expect.stringContaining("'environment'")],
  })
  await put({ id: 'a' })
  await mapping.idle()
  expect(ran()).toMatchObject([{ module: 'one.mjs' }])
})

test('a mapping that is closed, or closes meanwhile, takes no new version', async () => {
  await createStream()
  const mapping = await gated()
  await put({ id: 'a', fail: 'wait' })
  await gate.reached()
  const [former = expect.unreachable()] = mapping.pids
  const meanwhile = expect(mapping.update({ handler: moduleNamed('two') })).rejects.toMatchObject({
    code: 'lambda-closed',
  })
  await mapping.close()
  await meanwhile
  expect(isAlive(former)).toBe(false)
  expect(mapping.pids).toEqual([])
  await expect(mapping.update({ handler: moduleNamed('three') })).rejects.toMatchObject({
    code: 'lambda-closed',
  })
})
