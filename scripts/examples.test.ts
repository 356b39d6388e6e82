/**
 * Documentation is code: every `@example` in the packages' sources compiles. Each becomes a function of its own in one
 * program. It may use what its file exports, what the packages export, and the names of the preamble; it brings whatever
 * else it needs as `import` lines of its own.
 */

import { spawnSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { packages, ROOT } from './packages.ts'
import { tool } from './run.ts'

const FOLDER = `${ROOT}scripts/.examples`

/** What an example may take for granted, as a reader would. */
const PREAMBLE = `
import { entity, event, type Created, type Reactor, reactor, reminder } from '@spaceship/core'
import type { Reminders } from '@spaceship/core/reminders'
import type { RuntimeGiven, RuntimeUnderTest } from '@spaceship/core/conformance'
import type { DeadLetters, EntityReader, EventSink, OutgoingRecord, ReferenceStore, ReminderScheduler, Timeline, StateStore, TableScanner } from '@spaceship/core/ports'
import type { Harness } from '@spaceship/core/testing'
import { type Search, searchIndex } from '@spaceship/handlers/opensearch'
import type { Slack } from '@spaceship/handlers/slack'
import type { Spaceship } from '@spaceship/local'
import * as zod from 'zod'
export const z: typeof zod = zod
export const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({
  id: z.string(), name: z.string(), plan: z.enum(['trial', 'paid', 'churned']), seats: z.number(), tutorialStartedAt: z.string().optional() }) })
export const acme = { id: 'acme', name: 'Acme', plan: 'trial', seats: 250 } as const
export const joined = Client.created('client.joined')
export const saved = Client.saved('client.saved')
export const left = Client.removed('client.left')
export const invoicePaid = event('invoice.paid', { schema: z.object({ clientId: z.string(), amount: z.number() }), key: (e) => e.clientId })
export const tutorial = reminder('tutorial', { payload: z.object({ clientId: z.string() }), key: (p) => p.clientId })
export const app = reactor('app')
export declare const greeter: Reactor
export declare const deps: () => object
export declare function onboarding(deps: object): Reactor
export declare function greet(name: string): Promise<void>
export declare const reminders: Reminders
export declare const slack: Slack
export declare const search: Search
export const clients = searchIndex('clients', Client)
export declare const ship: Spaceship & Harness
export declare const state: StateStore
export declare const deadLetters: DeadLetters
export declare const entities: EntityReader
export declare const events: EventSink
export declare const pager: { send(text: string): Promise<void> }
export declare const warehouse: { load(rows: readonly object[], signal: AbortSignal): Promise<void> }
export declare const secrets: { readonly slackToken: string }
export declare function test(name: string, run: () => Promise<void>): void
export declare const myStore: StateStore
export declare const myDeadLetters: DeadLetters
export declare const myReader: EntityReader
export declare const mySink: EventSink
export declare const myReferences: ReferenceStore
export declare const myScheduler: ReminderScheduler
export declare const myTimeline: Timeline
export declare const scanner: TableScanner
export declare const credentials: () => Promise<{ accessKeyId: string; secretAccessKey: string }>
export declare const myRuntime: (given: RuntimeGiven) => RuntimeUnderTest
export declare const write: (table: string, row: object) => Promise<void>
export declare const remove: (table: string, key: object) => Promise<void>
export declare const received: () => Promise<readonly OutgoingRecord[]>
export declare const fired: (until: number) => Promise<readonly OutgoingRecord[]>
export declare const advance: (ms: number) => Promise<void>
`

interface Example {
  readonly file: string
  readonly line: number
  readonly code: string
}

/** The code under every `@example` of a file's comments. */
function examplesOf(file: string): Example[] {
  const text = readFileSync(`${ROOT}${file}`, 'utf8')
  return [...text.matchAll(/\/\*\*.*?\*\//gs)].flatMap(({ 0: comment, index }) => {
    const lines = comment.split('\n').map((line) => line.replace(/^\s*(\/\*\*|\*\/|\* ?)|\s*\*\/$/g, ''))
    return lines.flatMap((line, nth) => {
      if (!line.startsWith('@example')) return []
      const after = lines.slice(nth + 1)
      const end = after.findIndex((other) => /^@\w/.test(other))
      const code = (end < 0 ? after : after.slice(0, end)).join('\n').trim()
      return [{ file, line: text.slice(0, index).split('\n').length + nth, code }]
    })
  })
}

function exportsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const declared = text.matchAll(
    /^export (?:declare )?(?:async )?(?:function|const|class|interface|type) (\w+)/gm,
  )
  const listed = text.matchAll(/^export (?:type )?\{(.*?)\}/gms)
  return [
    ...[...declared].map(([, name = '']) => name),
    ...[...listed].flatMap(([, names = '']) =>
      names.split(',').map((name) => name.trim().replace(/^type /, '')),
    ),
  ].filter((name) => name !== '')
}

interface Origin {
  readonly specifier: string
  readonly names: readonly string[]
}

/** The front doors of the packages. */
const doors: readonly Origin[] = packages.flatMap(({ folder, entries }) => {
  const { name, exports } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  const subpaths = Object.entries<Record<string, string>>(exports)
  return entries.map((entry) => {
    const [subpath = '.'] = subpaths.find(([, to]) => to['@spaceship/source'] === entry) ?? []
    return { specifier: `${name}${subpath.slice(1)}`, names: exportsOf(`${folder}/${entry}`) }
  })
})

/** The example's file and its folder's front door, then what every reader knows, then the packages. */
function originsOf(file: string): Origin[] {
  const near = [file, `${dirname(file)}/index.ts`].filter((path) => existsSync(`${ROOT}${path}`))
  return [
    ...near.map((path) => ({ specifier: `../../${path}`, names: exportsOf(`${ROOT}${path}`) })),
    { specifier: './preamble.ts', names: exportsOf(`${FOLDER}/preamble.ts`) },
    ...doors,
  ]
}

function importsOf(file: string, code: string, own: string): string[] {
  const used = new Set(code.match(/[A-Za-z_]\w*/g))
  const known = new Set(own.match(/\w+/g))
  return originsOf(file).flatMap(({ specifier, names }) => {
    const wanted = names.filter((name) => used.has(name) && !known.has(name))
    for (const name of wanted) known.add(name)
    return wanted.length === 0 ? [] : [`import { ${wanted.join(', ')} } from '${specifier}'`]
  })
}

/** The example as a function of a module: a chain's link stands on a reactor, imports stand outside. */
function programOf({ file, line, code }: Example): string {
  const lines = code.split('\n')
  const own = lines.filter((text) => text.startsWith('import '))
  const rest = lines.filter((text) => !text.startsWith('import ')).map((text) => text.replace(/^export /, ''))
  const body = code.startsWith('.') ? `app${rest.join('\n')}` : rest.join('\n')
  return [
    `// ${file}:${line}`,
    ...importsOf(file, body, own.join('\n')),
    ...own,
    'export async function example() {',
    body,
    '}\n',
  ].join('\n')
}

/** Every dependency of every package, under one roof. */
function linkDependencies(): void {
  const linked = new Set<string>()
  const link = (name: string, target: string) => {
    if (linked.has(name)) return
    linked.add(name)
    mkdirSync(dirname(`${FOLDER}/node_modules/${name}`), { recursive: true })
    symlinkSync(target, `${FOLDER}/node_modules/${name}`)
  }
  for (const { published, folder } of packages) {
    link(published, folder)
    for (const dependency of globSync(['*', '@*/*'], { cwd: `${folder}/node_modules` }))
      if (!/^(@[^/]*|\..*)$/.test(dependency)) link(dependency, `${folder}/node_modules/${dependency}`)
  }
  for (const types of readdirSync(`${ROOT}node_modules/@types`))
    link(`@types/${types}`, `${ROOT}node_modules/@types/${types}`)
}

test('every @example of the sources compiles', () => {
  const files = globSync('packages/*/src/**/*.ts', { cwd: ROOT, exclude: ['**/*.test.ts'] })
  const examples = files.flatMap(examplesOf)
  expect(examples.length).toBeGreaterThan(30)
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER)
  try {
    linkDependencies()
    writeFileSync(`${FOLDER}/preamble.ts`, PREAMBLE)
    for (const example of examples) {
      const name = `${example.file.replaceAll(/\W/g, '-')}-${example.line}.ts`
      writeFileSync(`${FOLDER}/${name}`, programOf(example))
    }
    expect(readdirSync(FOLDER).length).toBeGreaterThan(examples.length)
    const config = {
      extends: '../../tsconfig.base.json',
      // The imports are made here: whether a name is a type is not worth knowing.
      compilerOptions: { verbatimModuleSyntax: false, isolatedModules: false },
      include: ['*.ts', '../../packages/local/src/**/*.d.ts'],
    }
    writeFileSync(`${FOLDER}/tsconfig.json`, JSON.stringify(config))
    const { stdout } = spawnSync(tool('tsc'), ['-p', FOLDER], { encoding: 'utf8' })
    expect(stdout).toBe('')
  } finally {
    rmSync(FOLDER, { recursive: true, force: true })
  }
})
