/** Who follows the guide about dead letters sees what it shows: the letters, what brings them back, and suspect mode in the log. */

import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createEngine } from '../packages/core/src/engine.ts'
import { reactor } from '../packages/core/src/index.ts'
import { forPeople, jsonLines } from '../packages/core/src/log.ts'
import { memoryDeadLetters, memoryState, virtualClock } from '../packages/core/src/memory/index.ts'
import { idle, inserted, saved, worker } from '../packages/core/test/bench.ts'
import { folderAt } from './example-folder.ts'
import { blocksOf, masked, shownIn, writeBlocks } from './guide.ts'
import { spaceship, timeless, typedShip } from './typed-ship.ts'

const GUIDE = 'docs/guides/dead-letters.md'
const LONG = 120_000

const shown = (name: string) => shownIn(GUIDE, name).map(timeless)

test('letters are listed, shown, redriven and drained as the guide says', { timeout: LONG }, async () => {
  const { folder, remove } = folderAt(`examples/onboarding/src/.guides/letters-${crypto.randomUUID()}`)
  try {
    writeBlocks(folder, blocksOf('docs/guides/first-reactor.md'), '')
    const [greeter] = blocksOf(GUIDE).filter(({ file }) => file === 'src/greeter.ts')
    writeFileSync(`${folder}/src/greeter.ts`, greeter?.code ?? '')
    const typed = async (...args: readonly string[]) => {
      const { code, out, err } = await spaceship(folder, ...args)
      expect([args, code], err).toEqual([args, 0])
      return out.trimEnd().split('\n').map(timeless)
    }
    await using ship = await typedShip(folder)

    for (const plan of ['trial', 'paid'])
      await typed('put', 'client', JSON.stringify({ id: 'acme', name: '', plan }))
    for (const line of shown('failing')) await ship.until(line)
    const list = await typed('letters', 'list')
    // Two routes wait for their second attempts by chance, and either may be the first to give up.
    const unnumbered = (lines: readonly string[]) =>
      lines.map((line) => line.replace(/^\d+ /, 'n ')).toSorted()
    expect(unnumbered(list)).toEqual(unnumbered(shown('list')))
    const [greet = ''] = list.find((line) => line.includes('greeter/greet '))?.split(' ') ?? []
    expect((await typed('letters', 'show', greet)).slice(0, 8)).toEqual(shown('show'))

    const mended = greeter?.code.replace(/throw new Error\(.*\)/, "return 'nameless'")
    writeFileSync(`${folder}/src/greeter.ts`, mended ?? '')
    await ship.until('the new version runs')
    const after = shown('mended')
    await typed('letters', 'redrive', '--route', 'greeter/greet')
    for (const line of after.slice(0, 2)) await ship.until(line)
    await typed('letters', 'drain', '1')
    for (const line of after) await ship.until(line)
    expect(await typed('letters', 'list')).toEqual([''])
  } finally {
    remove()
  }
})

test('the log of suspect mode is what the guide shows', async () => {
  const clock = virtualClock()
  const stores = { clock, state: memoryState({ clock }), deadLetters: memoryDeadLetters() }
  const lines: string[] = []
  const write = (line: string) => void lines.push(forPeople(line, { width: 120 }))
  const logger = jsonLines({ service: 'greeter', clock, write })
  const deadly = () =>
    reactor('greeter').on('greet', saved, (e) => (e.key === 'deadly' ? new Promise(() => {}) : undefined))
  const source = { ...worker, stream: 'clients-cdc', shard: 'shardId-000000000000' }
  for (let crashes = 0; crashes < 6; crashes += 1) {
    const engine = createEngine({ application: 'greeter', reactors: [deadly()], logger, ...stores })
    const delivery = await engine.open(source, { crashes })
    void delivery.push([inserted(1, 'acme'), inserted(2, 'deadly'), inserted(3, 'globex')])
    await clock.moveTo(clock.now() + 1_000, idle)
    if (crashes === 5) expect(delivery.watermark?.sequence).toBe('3')
    delivery.revoke(new Error('killed'))
  }
  expect(masked(lines.join('\n'))).toBe(masked(shownIn(GUIDE, 'suspect').join('\n')))
})
