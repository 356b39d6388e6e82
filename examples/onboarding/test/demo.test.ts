/** What the demo shows fits a terminal of 80 columns; its story is checked by the demo itself. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Client } from '@opensearch-project/opensearch'
import { dynamodbState } from '@spaceship/handlers/dynamodb'
import { createSearch } from '@spaceship/handlers/opensearch'
import { expect, test, vi } from 'vitest'
import { argumentsOf, USAGE } from '../demo/arguments.ts'
import { heldClaims, undecided } from '../demo/claims.ts'
import { PREFIX, speaker, wrapped } from '../demo/console.ts'
import { placeOfReferences } from '../demo/references.ts'
import { printTable } from '../demo/report.ts'
import { preparePad, STATE_TABLE } from '../demo/ship.ts'
import { seenByPeople } from '../demo/slack-text.ts'

const main = fileURLToPath(new URL('../demo/main.ts', import.meta.url))
const demo = (...args: readonly string[]) =>
  spawnSync(process.execPath, ['--conditions=@spaceship/source', main, ...args], { encoding: 'utf8' })
const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length))

/** What is printed to the console meanwhile. */
function printed(use: () => void): string {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  try {
    use()
  } finally {
    log.mockRestore()
  }
  return lines.join('\n')
}

test('--help says what the demo does and takes, within 80 columns and without a warning', () => {
  expect(demo('--help')).toMatchObject({ status: 0, stdout: `${USAGE}\n`, stderr: '' })
  expect(widest(USAGE)).toBeLessThanOrEqual(80)
})

test('a wrong argument is told with the usage, and nothing flies', () => {
  const { status, stdout, stderr } = demo('--runtime', 'pod')
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toBe(`--runtime is 'pod': expected worker, lambda or both\n\n${USAGE}\n`)
  expect(() => argumentsOf(['--kil'])).toThrow(/--kil/)
  expect(argumentsOf([])).toEqual({ runtimes: ['worker', 'lambda'], kill: false, keep: false })
  expect(argumentsOf(['--runtime', 'lambda', '--kill'])).toEqual({
    runtimes: ['lambda'],
    kill: true,
    keep: false,
  })
})

test('a line is broken between words, and goes on further in', () => {
  expect(wrapped('one two three', 7)).toEqual(['one two', '  three'])
  expect(wrapped('head\n  a=1 b=2 c=3', 8)).toEqual(['head', '  a=1', '    b=2', '    c=3'])
  expect(wrapped('', 10)).toEqual([''])
  expect(wrapped('a-word-that-is-wider', 10)).toEqual(['a-word-that-is-wider'])
})

test('who speaks stands before a line, whose further lines are under it', () => {
  const text = printed(() => speaker('worker', Date.now())('word '.repeat(30).trim()))
  expect(text).toMatch(/^ {2}0\.\ds worker word/)
  expect(text.split('\n')[1]).toMatch(new RegExp(`^ {${PREFIX}}  word`))
  expect(widest(text)).toBeLessThanOrEqual(80)
})

test('the table has a line for what came as expected, and says of the rest what was seen', () => {
  const lines = [
    { what: 'marketing hears of Acme', expected: 'a', seen: 'a', latency: 12 },
    { what: 'came twice', expected: 'b', seen: 'b', because: ['because '.repeat(20).trim()] },
    { what: 'the search finds it', expected: '1 hit', seen: '0 hits' },
  ]
  let differing = -1
  const text = printed(() => {
    differing = printTable(new Map([['lambda', lines]]))
  })
  expect(differing).toBe(1)
  expect(widest(text)).toBeLessThanOrEqual(80)
  expect(text).toContain(' ✓ lambda   marketing hears of Acme     12 ms\n')
  expect(text).toContain(
    ' ✗ lambda   the search finds it\n            expected: 1 hit\n            seen: 0 hits',
  )
})

test('a message is shown as people see it', () => {
  expect(seenByPeople('trial -&gt; paid, &lt;R&amp;D&gt; &amp;lt;')).toBe('trial -> paid, <R&D> &lt;')
})

test('a claim that a killed process held is open until the next owner ends it', async () => {
  await using pad = await preparePad()
  const state = dynamodbState({ client: pad.dynamodb, table: STATE_TABLE, sorted: true })
  const [open, done] = ['onboarding/claim/onboarding/welcome/1', 'onboarding/claim/onboarding/thank/2']
  const set = await state.set(open, { state: 'held', until: 1_000 }, { expect: undefined })
  await state.set(done, { state: 'completed' }, { expect: undefined })
  // The error watch keeps its own in the same table.
  await state.set(
    open.replace('onboarding', 'error-watch'),
    { state: 'held', until: 1 },
    { expect: undefined },
  )
  await state.set('onboarding/reminder/tutorial/a', { state: 'held', until: 1 }, { expect: undefined })
  const held = await heldClaims(pad)
  expect(held).toEqual([{ key: open, route: 'welcome', until: 1_000 }])
  expect(await undecided(pad, held, 0, () => {})).toEqual(held)
  await state.set(open, { state: 'completed' }, { expect: set.ok ? set.version : undefined })
  expect(await undecided(pad, held, Number.POSITIVE_INFINITY, () => {})).toEqual([])
})

test('JSON lines of a flight are found in the logs of their days, and other lines are not', async () => {
  await using pad = await preparePad()
  const at = (day: number, level: string) => JSON.stringify({ timestamp: `2026-11-0${day}T12:00:00Z`, level })
  for (const line of [at(1, 'ERROR'), at(2, 'INFO'), 'Debugger attached.', '{"no": "time"}', '{'])
    pad.logs.keep(line)
  await pad.logs.ship()
  await pad.logs.ship()
  const client = new Client({ node: pad.ship.endpoints.search })
  const search = createSearch({ client })
  expect(await search.count('logs-*', { match_all: {} })).toEqual({ total: 2 })
  expect(await search.count('logs-2026-11-01', { match: { level: 'ERROR' } })).toEqual({ total: 1 })
  await client.close()
})

test('a Redis that does not answer is told, and references are in memory then', async () => {
  await using place = await placeOfReferences({ REDIS_URL: 'redis://:hush@127.0.0.1:9' })
  expect([place.url, place.told]).toEqual(['', 'memory: nobody answers at REDIS_URL'])
})
