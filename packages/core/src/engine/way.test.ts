/** The way of a record: how many functions of ours stand between a page and the handler. The README tells them in order. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { engineOf, inserted, saved, worker } from '../../test/bench.ts'
import { reactor } from '../index.ts'

/** The functions of the engine on the stack, the innermost first. */
function framesOf(stack: string): string[] {
  return stack
    .split('\n')
    .filter((line) => line.includes('/packages/core/src/') && !line.includes('.test.ts'))
    .flatMap((line) => {
      const [, name = '', file = ''] = /at (?:async )?(\S+) \(.*\/src\/([^:]+):/.exec(line) ?? []
      return file === '' ? [] : [`${file.replace('.ts', '')} ${name.replace(/^.*[.#]/, '')}`]
    })
}

test('a plain synchronous route is called at most eight frames of ours above the turn in which its record was taken', async () => {
  let stack = ''
  const { engine } = engineOf(
    reactor('r').on('see', saved, () => {
      Error.stackTraceLimit = 50
      stack = new Error().stack ?? ''
    }),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  const frames = framesOf(stack)
  console.log(frames.toReversed().join(' -> '))
  expect(frames.length).toBeLessThanOrEqual(8)

  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const told = /## The way of a record\n[\s\S]*?\n## /.exec(readme)?.[0] ?? ''
  for (const file of new Set(frames.map((frame) => frame.split(' ')[0]))) expect(told).toContain(`${file}.ts`)
})
