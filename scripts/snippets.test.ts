/**
 * Documentation is code: every TypeScript block of the READMEs compiles in the example application; `guides.test.ts` runs those of the
 * guides. A block that begins with `// name.ts` may be imported by later ones.
 * A block whose fence names a file is an excerpt of it: `small-examples.test.ts` holds those.
 */

import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inExample } from './example-folder.ts'
import { ROOT } from './packages.ts'
import { tool } from './run.ts'

const documents = [
  'README.md',
  ...globSync(['packages/*/README.md', 'examples/README.md', 'examples/*/README.md'], { cwd: ROOT }),
]

interface Snippet {
  /** The file that the block says it is, or its number. */
  readonly name: string
  readonly code: string
}

function snippetsOf(document: string): Snippet[] {
  const text = readFileSync(`${ROOT}${document}`, 'utf8')
  return [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ''], n) => ({
    name: /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1] ?? `${n}.ts`,
    code,
  }))
}

/** Where a document's local imports lead: an example's README means its own files, all others the example application. */
function sourcesOf(document: string): string {
  const [, example = 'onboarding'] = /^examples\/([\w-]+)\//.exec(document) ?? []
  return `../../../../${example}/src`
}

/** Writes each document's blocks into a folder of its own, where they may import one another. */
function write(folder: string, document: string): string {
  const own = `${folder}/${document.replaceAll(/\W/g, '-')}`
  const snippets = snippetsOf(document)
  const names = new Set(snippets.map(({ name }) => name))
  mkdirSync(own, { recursive: true })
  for (const { name, code } of snippets) {
    const body = code.replaceAll(/from '\.\/([\w.-]+)'/g, (found, file) =>
      names.has(file) ? found : `from '${sourcesOf(document)}/${file}'`,
    )
    writeFileSync(`${own}/${name}`, `// ${document}\n${body}\nexport {}\n`)
  }
  return own
}

test('the snippets of the READMEs compile', () => {
  expect(documents.flatMap(snippetsOf).length).toBeGreaterThan(6)
  inExample('snippets', (folder) => {
    for (const document of documents) write(folder, document)
    const config = {
      extends: `${ROOT}tsconfig.base.json`,
      compilerOptions: {
        lib: ['es2024', 'dom', 'esnext.disposable'],
        // The example has no use for it.
        paths: {
          '@aws-sdk/client-scheduler': [
            `${ROOT}packages/local/node_modules/@aws-sdk/client-scheduler/dist-types/index.d.ts`,
          ],
        },
      },
      include: ['**/*.ts'],
    }
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config))
    const { stdout } = spawnSync(tool('tsc'), ['-p', folder], { encoding: 'utf8' })
    expect(stdout).toBe('')
  })
})
