/**
 * The examples are read whole and copied. Each has a README of its own, and what that shows of the code is the code; each small one is
 * one folder with at most 100 lines of code. `onboarding`, which the demo runs, is an application and no small one.
 */

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from './packages.ts'

const MOST_LINES = 100

const folders = globSync('examples/*/package.json', { cwd: ROOT }).map(dirname).sort()

const textOf = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8')

/** Lines that are neither blank nor only a comment. */
function linesOfCode(text: string): number {
  const code = text.replaceAll(/^\s*(\/\*((?!\*\/).)*\*\/|\/\/[^\n]*)$/gms, '')
  return code.split('\n').filter((line) => line.trim() !== '').length
}

test('a comment and a blank line are no line of code', () => {
  expect(
    linesOfCode(
      "/**\n * What it is.\n */\n\n// why\nconst a = 1 // not alone\n\n  /* b */\n/* c */ f()\nf('/*') /* d */\n",
    ),
  ).toBe(3)
})

test('the index of the examples has a line for each', () => {
  const listed = [...textOf('examples/README.md').matchAll(/\]\(([\w-]+)\)/g)].map(
    ([, name]) => `examples/${name}`,
  )
  expect(listed.toSorted()).toEqual(folders)
})

for (const folder of folders)
  describe(folder, () => {
    const readme = textOf(`${folder}/README.md`)

    // No skipped test for the application: it has no such limit.
    if (folder !== 'examples/onboarding')
      test(`has at most ${MOST_LINES} lines of code, tests included`, () => {
        const sources = globSync('**/*.ts', { cwd: `${ROOT}${folder}`, exclude: ['node_modules'] })
        const lines = sources.reduce((sum, file) => sum + linesOfCode(textOf(`${folder}/${file}`)), 0)
        expect(lines).toBeGreaterThan(0)
        expect(lines).toBeLessThanOrEqual(MOST_LINES)
      })

    // A fence with a file's name: ```ts src/checkout.ts
    test('shows in its README what stands in its files, byte for byte', () => {
      const shown = [...readme.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)]
      expect(shown).not.toEqual([])
      for (const [, file = '', code = ''] of shown) expect(textOf(`${folder}/${file}`)).toContain(code)
    })

    test('says how it is run, and leads to files that are there', () => {
      expect(readme).toContain(`\nnpx vitest run ${folder}\n`)
      const links = [...readme.matchAll(/\]\(([^):#]+)\)/g)].map(([, link = '']) => link)
      expect(links.filter((link) => !existsSync(join(ROOT, folder, link)))).toEqual([])
    })
  })
