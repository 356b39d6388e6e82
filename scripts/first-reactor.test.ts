/** Who follows the guide for a first reactor gets what it shows: the test passes, the ship says those lines, the two files are built. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { folderAt } from './example-folder.ts'
import { blocksOf, node, writeBlocks } from './guide.ts'
import { ROOT } from './packages.ts'

const GUIDE = 'docs/guides/first-reactor.md'
const COMMAND = `${ROOT}packages/cli/src/main.ts`
const LONG = 90_000

const text = readFileSync(`${ROOT}${GUIDE}`, 'utf8')
const shown = (info: string) =>
  new RegExp(`^\`\`\`text ${info}\n(.*?)\n\`\`\`$`, 'ms').exec(text)?.[1]?.split('\n') ?? []

const { folder, remove } = folderAt(`examples/onboarding/src/.guides/typed-${crypto.randomUUID()}`)

beforeAll(() => writeBlocks(folder, blocksOf(GUIDE), ''))
afterAll(remove)

test('the test of the reactor passes', { timeout: LONG }, async () => {
  const conditions = ['@spaceship/source', 'node']
  const config = { resolve: { conditions }, ssr: { resolve: { conditions } } }
  writeFileSync(`${folder}/vitest.config.ts`, `export default ${JSON.stringify(config)}\n`)
  const { code, out } = await node(folder, `${ROOT}node_modules/vitest/vitest.mjs`, 'run', '--root', folder)
  expect([code, out]).toEqual([0, expect.stringContaining('1 passed')])
})

test('a build makes the function and the worker', { timeout: LONG }, async () => {
  const { code, out } = await node(folder, COMMAND, 'build')
  const unsized = (line: string) => line.replace(/\d+ KiB/, 'n KiB')
  expect([code, out.trim().split('\n').map(unsized)]).toEqual([0, shown('built').map(unsized)])
  const { out: kind } = await node(folder, '-p', 'typeof require("./dist/lambda.cjs").handler')
  expect(kind.trim()).toBe('function')
  expect(existsSync(`${folder}/dist/worker.mjs`)).toBe(true)
})

/** Without times of the clock and of the work. */
const timeless = (line: string) => line.replace(/^\d\d:\d\d:\d\d/, '00:00:00').replace(/\d+ ms$/, 'n ms')

test('the ship says what the guide shows for the rows that the guide puts', { timeout: LONG }, async () => {
  const ship = spawn(process.execPath, ['--conditions=@spaceship/source', COMMAND, 'dev'], {
    cwd: folder,
    env: { ...process.env, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(ship, 'close')
  const said: string[] = []
  let look = () => {}
  for (const stream of [ship.stdout, ship.stderr])
    createInterface(stream).on('line', (line) => {
      said.push(timeless(line))
      look()
    })
  const until = (line: string) =>
    new Promise<void>((resolve, reject) => {
      look = () => said.includes(line) && resolve()
      ended.then(() => reject(new Error(`the ship ended; it said:\n${said.join('\n')}`)), reject)
      look()
    })
  try {
    await until('the reactors run; files are watched')
    for (const [, row = ''] of text.matchAll(/^npx spaceship put client '(.*)'$/gm)) {
      const { code, err } = await node(folder, COMMAND, 'put', 'client', row)
      expect([code, err]).toEqual([0, ''])
    }
    const transcript = shown('dev').map(timeless)
    for (const line of transcript) await until(line)
    expect(transcript.length).toBe(7)
  } finally {
    ship.kill('SIGINT')
    await ended
  }
})
