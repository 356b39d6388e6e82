/** Who follows the guide for a first reactor gets what it shows: the test passes, the ship says those lines, the two files are built. */

import { existsSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { folderAt } from './example-folder.ts'
import { blocksOf, node, shownIn, textOf, writeBlocks } from './guide.ts'
import { ROOT } from './packages.ts'
import { spaceship, timeless, typedShip } from './typed-ship.ts'

const GUIDE = 'docs/guides/first-reactor.md'
const LONG = 90_000

const shown = (info: string) => shownIn(GUIDE, info)

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
  const { code, out } = await spaceship(folder, 'build')
  const unsized = (line: string) => line.replace(/\d+ KiB/, 'n KiB')
  expect([code, out.trim().split('\n').map(unsized)]).toEqual([0, shown('built').map(unsized)])
  const { out: kind } = await node(folder, '-p', 'typeof require("./dist/lambda.cjs").handler')
  expect(kind.trim()).toBe('function')
  expect(existsSync(`${folder}/dist/worker.mjs`)).toBe(true)
})

test('the ship says what the guide shows for the rows that the guide puts', { timeout: LONG }, async () => {
  await using ship = await typedShip(folder)
  for (const [, row = ''] of textOf(GUIDE).matchAll(/^npx spaceship put client '(.*)'$/gm)) {
    const { code, err } = await spaceship(folder, 'put', 'client', row)
    expect([code, err]).toEqual([0, ''])
  }
  const transcript = shown('dev').map(timeless)
  for (const line of transcript) await ship.until(line)
  expect(transcript).toHaveLength(7)
})
