import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { cyclesIn, importsIn, straysIn } from './imports.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A repository with these files. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'spaceship-imports-'))
  folders.push(root)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

test('a cycle is found through types, inline types, re-exports and import types, and told as a chain', () => {
  const root = tree({
    'bench/a.ts': "import type { B } from './b.ts'\n",
    'bench/b.ts': "export {\n  type C,\n} from './c.ts'\n",
    'bench/c.ts': "export type C = import('./a.ts').A\n",
    'bench/d.ts': "import './a.ts'\n",
  })
  expect(cyclesIn(importsIn(root))).toEqual(['bench/a.ts -> bench/b.ts -> bench/c.ts -> bench/a.ts'])
})

test('of two cycles through one file each is told, by its shortest way', () => {
  const root = tree({
    'scripts/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'\n",
    'scripts/b.ts': "import { a } from './a.ts'\n",
    'scripts/c.ts': "import { a } from './a.ts'\nimport { b } from './b.ts'\n",
  })
  expect(cyclesIn(importsIn(root))).toEqual([
    'scripts/a.ts -> scripts/b.ts -> scripts/a.ts',
    'scripts/c.ts -> scripts/a.ts -> scripts/c.ts',
  ])
})

test('a cycle through the doors of packages is found', () => {
  const root = tree({
    'packages/one/src/index.ts': "export * from '@made/two'\n",
    'packages/two/src/index.ts': "import { one } from '@made/one'\n",
  })
  const doors = new Map(['one', 'two'].map((name) => [`@made/${name}`, `packages/${name}/src/index.ts`]))
  const chain = 'packages/one/src/index.ts -> packages/two/src/index.ts -> packages/one/src/index.ts'
  expect(cyclesIn(importsIn(root, doors))).toEqual([chain])
})

test('comments, texts, fixtures and what is installed import nothing', () => {
  const root = tree({
    'bench/a.ts': "/**\n * import('./a.ts')\n */\n// import './a.ts'\nconst text = \"import './a.ts'\"\n",
    'bench/fixtures/b.ts': "import './b.ts'\n",
    'bench/node_modules/c/c.ts': "import './c.ts'\n",
  })
  expect(importsIn(root)).toEqual([])
})

test('a room imports from left to right only: the other way is told with its line; tests and doors are free', () => {
  const root = tree({
    'packages/ship/src/hull/plate.ts': "\nimport type { Crew } from '../crew/crew.ts'\n",
    'packages/ship/src/hull/plate.test.ts': "import { crew } from '../crew/crew.ts'\n",
    'packages/ship/src/crew/crew.ts': "import { plate } from '../hull/plate.ts'\nimport './cook.ts'\n",
    'packages/ship/src/galley/stove.ts': "import { plate } from '../hull/plate.ts'\n",
    'packages/ship/src/index.ts': "export * from './crew/crew.ts'\n",
  })
  expect(straysIn(importsIn(root), { ship: ['hull', 'crew'] })).toEqual([
    "packages/ship/src/galley/stove.ts:1: the room 'galley' has no place among those of ship",
    "packages/ship/src/hull/plate.ts:2: 'hull' imports 'crew', a room to its right",
  ])
})
