/** The guides are code: each TypeScript block of `docs/guides` compiles, each program prints what its guide says, and each test passes. */

import { existsSync, globSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderAt } from './example-folder.ts'
import { blocksOf, masked, node, textOf, writeBlocks } from './guide.ts'
import { ROOT } from './packages.ts'
import { run, tool } from './run.ts'

const guides = globSync('docs/guides/*.md', { cwd: ROOT })

/** Libraries of others are dependencies of the benches, all else of the example application. */
const homeOf = (guide: string) =>
  /coming-from|dynamodb-libraries/.test(guide) ? 'bench' : 'examples/onboarding/src'

const LONG = 60_000

/** Writes the blocks of guides beside one another, each guide's into a folder of its own. */
async function written(
  names: readonly string[],
  use: (folderOf: (guide: string) => string) => Promise<void>,
) {
  const homes = Map.groupBy(names, homeOf)
  const folders = [...homes.keys()].map(
    (home) => [home, folderAt(`${home}/.guides/${crypto.randomUUID()}`)] as const,
  )
  const roots = new Map(folders)
  const folderOf = (guide: string) => join(roots.get(homeOf(guide))?.folder ?? '', basename(guide, '.md'))
  try {
    for (const guide of names) writeBlocks(folderOf(guide), blocksOf(guide), `${ROOT}${homeOf(guide)}`)
    await use(folderOf)
  } finally {
    for (const [, { remove }] of folders) remove()
  }
}

test('the blocks of all guides compile', { timeout: LONG }, () =>
  written(guides, async (folderOf) => {
    expect(guides.filter((guide) => blocksOf(guide).length === 0)).toEqual([])
    const roots = new Set(guides.map((guide) => dirname(folderOf(guide))))
    const config = {
      extends: `${ROOT}tsconfig.base.json`,
      compilerOptions: { lib: ['es2024', 'dom', 'esnext.disposable'] },
      include: ['**/*.ts'],
    }
    for (const folder of roots) {
      writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config))
      expect(await run(tool('tsc'), ['-p', folder, '--pretty', 'false'])).toEqual({ code: 0, output: '' })
    }
  }),
)

describe.each(guides)('%s', (guide) => {
  test('its links lead to files that are there', () => {
    const links = [...textOf(guide).matchAll(/\]\(([^):#]+)(#[^)]*)?\)/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(guide), link)))).toEqual([])
  })

  test('its programs print what it says, and its tests pass', { timeout: LONG }, () =>
    written([guide], async (folderOf) => {
      for (const { file, code, prints } of blocksOf(guide)) {
        const isTest = /from 'node:test'/.test(code)
        if (prints === undefined && !isTest) continue
        const { out, err, ...ended } = await node(folderOf(guide), ...(isTest ? ['--test'] : []), file)
        expect({ file, ...ended, err }, out).toEqual({ file, code: 0, err: '' })
        if (prints !== undefined) expect(masked(out), `${guide}, ${file}`).toBe(masked(prints))
      }
    }),
  )
})
