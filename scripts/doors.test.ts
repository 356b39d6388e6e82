/** The doors of core: how much stands in the first one, and which of them the harness uses. */

import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { importsIn } from './imports.ts'
import { packages, ROOT } from './packages.ts'

const CORE = 'packages/core/'
const entries = packages.find(({ name }) => name === 'core')?.entries ?? []
const doors = entries.map((entry) => posix.join(CORE, entry))

/** What a door exports: each `export { ... }` or `export type { ... }`, in order. */
function groupsOf(door: string): { readonly types: boolean; readonly names: readonly string[] }[] {
  const text = readFileSync(ROOT + door, 'utf8')
  return [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)].map(([, types, list = '']) => ({
    types: types !== undefined,
    names: list.split(',').flatMap((name) => name.trim() || []),
  }))
}

test('users find at most 45 names in the first door, values before types', () => {
  const groups = groupsOf(`${CORE}src/index.ts`)
  const names = groups.flatMap((group) => group.names)
  expect(names.length).toBeGreaterThan(0)
  expect(names.length).toBeLessThanOrEqual(45)
  expect(new Set(names).size).toBe(names.length)
  expect(names.filter((name) => name.startsWith('type '))).toEqual([])
  const kinds = groups.map(({ types }) => types)
  expect(kinds).toEqual(kinds.toSorted((a, b) => Number(a) - Number(b)))
})

test('the harness comes through doors alone, as the reactors do that it runs', () => {
  const room = `${CORE}src/testing/`
  const own = new Set(globSync(`${room}*.ts`, { cwd: ROOT }).filter((file) => !file.endsWith('.test.ts')))
  expect(own.size).toBeGreaterThan(5)
  const strays = importsIn(ROOT)
    .filter(({ from, to }) => own.has(from) && !own.has(to) && !doors.includes(to))
    .map(({ from, line, to }) => `${from}:${line} imports ${to}`)
  expect(strays).toEqual([])
})
