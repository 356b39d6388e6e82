/**
 * Owns what may import what. Two rules, for type-only imports as for all others:
 *
 * - No file imports itself, by whatever way round: `a.ts -> b.ts -> a.ts` is a cycle.
 * - The rooms of a package (the folders in its `src`) stand in an order; a room imports itself and rooms to its left.
 *
 * The doors of a package, which are the files directly in `src`, stand in no room. Tests may import from every room.
 */

import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { packages, ROOT } from './packages.ts'

/** The rooms of each package, from the most basic one to the right. */
const ROOMS: Rooms = {
  core: [
    'ports',
    'declare',
    'wire',
    'log',
    'state',
    'reminders',
    'embedded',
    'engine',
    'kinds',
    'capabilities',
    'operate',
    'backfill',
    'memory',
    'conformance',
    'testing',
  ],
  handlers: [
    'network',
    'aws',
    'publishing',
    'letters',
    'folder',
    'dynamodb',
    'kinesis',
    'sqs',
    'sns',
    'opensearch',
    'opensearch-aws',
    's3',
    'redis',
    'ioredis',
    'memcached',
    'scheduler',
    'step-functions',
    'slack',
    'watch',
    'testing',
  ],
  cli: ['show', 'project', 'ship', 'dev', 'commands'],
  'runtime-k8s': ['leases', 'shards', 'consume', 'testing'],
  local: [
    'http',
    'data',
    'emulator',
    'faults',
    'pipe',
    'dynamodb',
    'kinesis',
    'scheduler',
    'search',
    'slack',
    's3',
    'sqs',
    'sns',
    'lambda',
    'step-functions',
  ],
}

const SOURCES = ['packages/*/{src,test}/**/*.ts', '{bench,scripts,examples}/**/*.ts']
const TEST = /\.test(-d)?\.ts$/

export type Rooms = Readonly<Record<string, readonly string[]>>

export interface Import {
  /** From the root, as is `to`. */
  readonly from: string
  readonly line: number
  readonly to: string
}

/** What is wrong in this repository. */
export function importProblems(): string[] {
  const doors = new Map(
    packages.flatMap(({ name, specifiers, entries }) =>
      specifiers.map((specifier, n) => [specifier, posix.join('packages', name, entries[n] ?? '')] as const),
    ),
  )
  const imports = importsIn(ROOT, doors)
  return [...cyclesIn(imports), ...straysIn(imports, ROOMS)]
}

/** @param doors the files behind what users write after `from` */
export function importsIn(root: string, doors: ReadonlyMap<string, string> = new Map()): Import[] {
  const files = globSync(SOURCES, {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|dist|fixtures)$/.test(path),
  })
  return files.sort().flatMap((from) => {
    const text = readFileSync(posix.join(root, from), 'utf8')
    return specifiersIn(text).flatMap(({ specifier, line }) => {
      const to = specifier.startsWith('.') ? posix.join(from, '..', specifier) : doors.get(specifier)
      return to === undefined ? [] : [{ from, line, to }]
    })
  })
}

/** Statements begin their line, as the formatter puts them; an import within code or a type may stand anywhere but in a comment. */
function specifiersIn(text: string): { readonly specifier: string; readonly line: number }[] {
  const statement = /^(?:import|export)\b(?:[^'"`;=]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm
  const expression = /^(?!\s*(?:\*|\/[/*])).*\bimport\(\s*['"]([^'"\n]+)['"]/gm
  return [statement, expression].flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ 1: specifier = '', index }) => ({
      specifier,
      line: text.slice(0, index).split('\n').length,
    })),
  )
}

/** For each file on a cycle the shortest one through it, once: `a.ts -> b.ts -> a.ts`. */
export function cyclesIn(imports: readonly Import[]): string[] {
  const next = Map.groupBy(imports, ({ from }) => from)
  const found = new Map<string, string>()
  for (const file of next.keys()) {
    const cycle = cycleThrough(file, next)
    const members = cycle.toSorted().join()
    if (cycle.length > 0 && !found.has(members)) found.set(members, [...cycle, file].join(' -> '))
  }
  return [...found.values()]
}

/** Breadth first; empty if no import leads back. */
function cycleThrough(file: string, next: ReadonlyMap<string, readonly Import[]>): string[] {
  const ways = new Map([[file, [file]]])
  for (const [here, way] of ways) {
    for (const { to } of next.get(here) ?? []) {
      if (to === file) return way
      if (!ways.has(to)) ways.set(to, [...way, to])
    }
  }
  return []
}

/** Imports of a room further right, and rooms that have no place in the order. */
export function straysIn(imports: readonly Import[], rooms: Rooms): string[] {
  return imports.flatMap(({ from, line, to }) => {
    const [here, there] = [placeOf(from), placeOf(to)]
    if (here === undefined || here.name !== there?.name || TEST.test(from)) return []
    const order = rooms[here.name] ?? []
    const [own, other] = [order.indexOf(here.room), order.indexOf(there.room)]
    if (own === -1)
      return [`${from}:${line}: the room '${here.room}' has no place among those of ${here.name}`]
    return other > own ? [`${from}:${line}: '${here.room}' imports '${there.room}', a room to its right`] : []
  })
}

/** Undefined for what stands in no room. */
function placeOf(file: string): { readonly name: string; readonly room: string } | undefined {
  const [, name, room] = /^packages\/([^/]+)\/src\/([^/]+)\//.exec(file) ?? []
  return name === undefined || room === undefined ? undefined : { name, room }
}
