/** The documents lead to one another: what is linked exists, and what exists is linked. */

import { existsSync, globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { packages, ROOT } from './packages.ts'

const read = (file: string) => readFileSync(ROOT + file, 'utf8')

/** Files of the repository that a document links to, from the repository's folder, with what stands behind `#`. */
function linksIn(file: string): readonly { readonly to: string; readonly anchor: string | undefined }[] {
  return [...read(file).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(
    ([, to = '', anchor]) => ({
      to: to === '' ? file : posix.join(posix.dirname(file), to),
      anchor,
    }),
  )
}

const documents = globSync(
  ['*.md', 'llms.txt', 'docs/**/*.md', 'packages/*/README.md', 'examples/**/README.md', 'bench/README.md'],
  { cwd: ROOT, exclude: (path) => path.endsWith('node_modules') },
).sort()

/** As a code host makes it of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-')

test.each(documents)('%s links to what exists', (file) => {
  const broken = linksIn(file).flatMap(({ to, anchor }) => {
    if (!existsSync(ROOT + to)) return [to]
    if (anchor === undefined || !to.endsWith('.md')) return []
    const anchors = [...read(to).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))
    return anchors.includes(anchor) ? [] : [`${to}#${anchor}`]
  })
  expect(broken).toEqual([])
})

// A fence with a file of the repository: ```ts packages/.../greeter.ts
test('what the README shows of a file is what stands in it, byte for byte', () => {
  const shown = [...read('README.md').matchAll(/^```ts (\S+)\n(.*?)^```$/gms)]
  expect(shown.map(([, file]) => posix.basename(file ?? ''))).toEqual([
    'client.ts',
    'greeter.ts',
    'greeter.test.ts',
    'lambda.ts',
    'worker.ts',
  ])
  for (const [, file = '', code = ''] of shown) expect(read(file)).toContain(code)
})

test('the index names every document, and the list for machines every guide, reference and package', () => {
  const all = documents.filter((file) => file.startsWith('docs/') && file !== 'docs/README.md')
  const readmes = packages.map(({ name }) => `packages/${name}/README.md`)
  const indexed = new Set(linksIn('docs/README.md').map(({ to }) => to))
  expect([...all, ...readmes].filter((file) => !indexed.has(file))).toEqual([])
  const listed = new Set(linksIn('llms.txt').map(({ to }) => to))
  const wanted = [...all.filter((file) => !file.startsWith('docs/adr/')), ...readmes]
  expect(wanted.filter((file) => !listed.has(file))).toEqual([])
})

test("the glossary has each of the users' words", () => {
  const [, list = ''] = /Users' words: ([^.]*)\./.exec(read('CONTRIBUTING.md').replaceAll('\n', ' ')) ?? []
  const words = list
    .replace(/effect \([^)]*\)/, 'effect')
    .split(',')
    .map((word) => word.trim())
  expect(words.length).toBeGreaterThan(15)
  const explained = [...read('docs/reference/glossary.md').matchAll(/^\| ([a-z ]+) \|/gm)].map(
    ([, word]) => word,
  )
  expect(words.filter((word) => !explained.includes(word))).toEqual([])
  expect(explained.slice(1)).toEqual(explained.slice(1).toSorted())
})

test('each test that a document names is one of the repository', () => {
  const [, ...rows] = [...read('docs/reference/other-consumers.md').matchAll(/^\|.*\| (.*) \|$/gm)]
  const named = rows.map(([, cell = '']) => cell.replaceAll('`', ''))
  expect(named.length).toBeGreaterThan(20)
  const tests = globSync('packages/*/{src,test}/**/*.test.ts', { cwd: ROOT }).map(read).join('\n')
  expect(named.filter((name) => !tests.includes(`'${name}'`))).toEqual([])
})
