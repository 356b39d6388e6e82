/** The guides are code: each TypeScript block of `docs/guides` compiles, each program prints what its guide says, and each test passes. */

import { existsSync, globSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderAt } from './example-folder.ts'
import { blocksOf, masked, node, textOf, writeBlocks } from './guide.ts'
import { ROOT } from './packages.ts'
import { run, tool } from './run.ts'

const guides = globSync('docs/guides/*.md', { cwd: ROOT })

/** Powertools is a dependency of the benches, all else of the example application. */
const homeOf = (guide: string) => (guide.includes('coming-from') ? 'bench' : 'examples/onboarding/src')

const LONG = 60_000

describe.each(guides)('%s', (guide) => {
  const blocks = blocksOf(guide)
  const within = async (use: (folder: string) => Promise<void>) => {
    const { folder, remove } = folderAt(
      `${homeOf(guide)}/.guides/${basename(guide, '.md')}-${crypto.randomUUID()}`,
    )
    try {
      writeBlocks(folder, blocks, `${ROOT}${homeOf(guide)}`)
      await use(folder)
    } finally {
      remove()
    }
  }

  test('its blocks compile', { timeout: LONG }, () =>
    within(async (folder) => {
      const config = {
        extends: `${ROOT}tsconfig.base.json`,
        compilerOptions: { lib: ['es2024', 'dom', 'esnext.disposable'] },
        include: ['**/*.ts'],
      }
      writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config))
      expect(blocks).not.toEqual([])
      expect(await run(tool('tsc'), ['-p', folder, '--pretty', 'false'])).toEqual({ code: 0, output: '' })
    }),
  )

  test('its links lead to files that are there', () => {
    const links = [...textOf(guide).matchAll(/\]\(([^):#]+)(#[^)]*)?\)/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(guide), link)))).toEqual([])
  })

  test('its programs print what it says, and its tests pass', { timeout: LONG }, () =>
    within(async (folder) => {
      for (const { file, code, prints } of blocks) {
        const isTest = /from 'node:test'/.test(code)
        if (prints === undefined && !isTest) continue
        const { out, err, ...ended } = await node(folder, ...(isTest ? ['--test'] : []), file)
        expect({ file, ...ended, err }, out).toEqual({ file, code: 0, err: '' })
        if (prints !== undefined) expect(masked(out), `${guide}, ${file}`).toBe(masked(prints))
      }
    }),
  )
})
