/**
 * The small examples are read whole and copied: each is one folder with at most 100 lines of code and a README of its own, and
 * what the README shows of the code is the code. `onboarding`, which the demo runs, is an application and no small example.
 */

import { globSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from './packages.ts'

const MOST_LINES = 100

const folders = globSync('examples/*/package.json', { cwd: ROOT })
  .map(dirname)
  .filter((folder) => folder !== 'examples/onboarding')
  .sort()

const textOf = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8')

/** Lines that are neither blank nor only a comment. */
function linesOfCode(text: string): number {
  const code = text.replaceAll(/^\s*(\/\*.*?\*\/|\/\/[^\n]*)$/gms, '')
  return code.split('\n').filter((line) => line.trim() !== '').length
}

test('a comment and a blank line are no line of code', () => {
  expect(
    linesOfCode("/**\n * What it is.\n */\n\n// why\nconst a = 1 // not alone\n\n  /* b */\nf('/*')\n"),
  ).toBe(2)
})

test('the index of the examples has a line for each', () => {
  const listed = [...textOf('examples/README.md').matchAll(/\]\(([\w-]+)\)/g)].map(
    ([, name]) => `examples/${name}`,
  )
  expect(listed.toSorted()).toEqual([...folders, 'examples/onboarding'].toSorted())
})

for (const folder of folders)
  describe(folder, () => {
    const sources = globSync('**/*.ts', { cwd: `${ROOT}${folder}/src` }).map(
      (file) => `${folder}/src/${file}`,
    )
    const readme = textOf(`${folder}/README.md`)

    test(`has at most ${MOST_LINES} lines of code, tests included`, () => {
      const lines = sources.reduce((sum, file) => sum + linesOfCode(textOf(file)), 0)
      expect(lines).toBeGreaterThan(0)
      expect(lines).toBeLessThanOrEqual(MOST_LINES)
    })

    // A fence with a file's name: ```ts src/checkout.ts
    test('shows in its README what stands in its files, byte for byte', () => {
      const shown = [...readme.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)]
      expect(shown).not.toEqual([])
      for (const [, file = '', code = ''] of shown) expect(textOf(`${folder}/${file}`)).toContain(code)
    })

    test('says how it is run', () => {
      expect(readme).toContain(`\nnpx vitest run ${folder}\n`)
    })
  })
