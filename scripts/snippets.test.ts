/** Every TypeScript block of the READMEs compiles in the example application; local runs its own example in its tests. */

import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from './packages.ts'
import { tool } from './run.ts'

test('the snippets of the READMEs compile', () => {
  const source = `${ROOT}examples/onboarding/src`
  const folder = `${source}/.snippets`
  const documents = ['README.md', ...globSync('packages/{core,handlers,runtime-*}/README.md', { cwd: ROOT })]
  const snippets = documents.flatMap((document) => {
    const text = readFileSync(`${ROOT}${document}`, 'utf8')
    return [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => ({ document, code }))
  })
  expect(snippets.length).toBeGreaterThan(4)
  mkdirSync(folder, { recursive: true })
  try {
    for (const [n, { document, code }] of snippets.entries()) {
      const body = code.replaceAll("from './", "from '../")
      writeFileSync(`${folder}/${n}.ts`, `// ${document}\n${body}\nexport {}\n`)
    }
    const config = {
      extends: `${ROOT}tsconfig.base.json`,
      compilerOptions: { lib: ['es2024', 'dom', 'esnext.disposable'] },
      include: ['*.ts'],
    }
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config))
    const { stdout } = spawnSync(tool('tsc'), ['-p', folder], { encoding: 'utf8' })
    expect(stdout).toBe('')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
