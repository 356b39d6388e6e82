/** New projects: what stands in them, and what is refused. `npm run lane:create` makes them with npm, and runs them. */

import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PackageManager } from '../src/create.ts'
import { runProgram } from '../src/program.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'create-spaceship-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const ran: { command: string; args: readonly string[]; folder: string }[] = []

async function typed(args: readonly string[], { agent = 'npm/11.0.0', installs = 0, windows = false } = {}) {
  const said: string[] = []
  ran.length = 0
  const code = await runProgram(args, '1.2.3', {
    agent,
    asked: false,
    windows,
    say: (text) => void said.push(text),
    run: async (command, given, folder) => {
      ran.push({ command, args: given, folder })
      return installs
    },
  })
  return { code, said: said.join('\n') }
}

const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

test.each(['minimal', 'shared-table'])(
  '%s has all that a project has, and no placeholder',
  async (template) => {
    const folder = join(home, 'My Orders')
    const { code, said } = await typed([folder, '--template', template, '--yes'])
    expect(code).toBe(0)
    const files = readdirSync(folder, { recursive: true }).map(String)
    for (const file of [
      'src/lambda.ts',
      'src/worker.ts',
      'spaceship.config.ts',
      'tsconfig.json',
      '.gitignore',
      'README.md',
    ])
      expect(files).toContain(file)
    expect(files.some((file) => file.endsWith('.test.ts'))).toBe(true)
    for (const file of globSync('**/*.{ts,md,json}', { cwd: folder }))
      expect(readFileSync(join(folder, file), 'utf8'), file).not.toContain('{{')
    expect(manifest(folder)).toMatchObject({
      name: 'my-orders',
      scripts: { dev: 'spaceship dev', test: 'vitest run', build: 'spaceship build' },
      dependencies: { '@spaceship/core': '0.1.0', zod: expect.stringMatching(/^\^4/) },
      devDependencies: { '@spaceship/cli': '0.1.0', typescript: expect.stringMatching(/^\^\d/) },
    })
    expect(readFileSync(join(folder, 'src/environment.ts'), 'utf8')).toContain("application = 'my-orders'")
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    for (const table of ['my-orders-state', 'my-orders']) expect(readme).toContain(`the table \`${table}\``)
    expect(ran).toEqual([{ command: 'npm', args: ['install'], folder }])
    expect(said).toContain('npm run dev')
  },
)

test.each([
  ['pnpm/12.0.0 npm/? node/v24', [], 'pnpm', 'pnpm exec spaceship put'],
  ['yarn/4.0.0', [], 'yarn', 'yarn spaceship put'],
  ['bun/1.3.0', [], 'npm', 'npx spaceship put'],
  ['npm/11.0.0', ['--package-manager', 'pnpm'], 'pnpm', 'pnpm exec spaceship put'],
] satisfies [string, string[], PackageManager, string][])(
  'who runs it as %s %j installs with %s',
  async (agent, flags, manager, told) => {
    const folder = join(home, 'orders')
    await typed([folder, '--yes', ...flags], { agent })
    expect(ran.map(({ command }) => command)).toEqual([manager])
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(told)
  },
)

test('an installation that fails is told, leaves the files, and is among the next steps', async () => {
  const folder = join(home, 'orders')
  const { code, said } = await typed([folder, '--yes'], { installs: 7 })
  expect([code, said]).toEqual([1, expect.stringContaining('the installation failed')])
  expect(said).toContain(`Next:\n  cd ${folder}\n  npm install\n  npm run test\n  npm run dev\n`)
  expect(existsSync(join(folder, 'package.json'))).toBe(true)
})

test.each([
  ['orders', false, 'HOME/orders'],
  ['my app', false, "'HOME/my app'"],
  ["it's $5", false, "'HOME/it'\\''s $5'"],
  ['my app', true, '"HOME/my app"'],
])('the folder %j (on Windows: %s) is written as a shell takes it: %s', async (name, windows, written) => {
  const { said } = await typed([join(home, name), '--yes'], { windows })
  expect(said).toContain(`\n  cd ${written.replace('HOME', home)}\n`)
})

test('pnpm is told about each script of a dependency, or it fails the installation; others get no such file', async () => {
  const file = 'pnpm-workspace.yaml'
  await typed([join(home, 'orders'), '--yes', '--package-manager', 'pnpm'])
  expect(readFileSync(join(home, 'orders', file), 'utf8')).toContain(
    'allowBuilds:\n  classic-level: false\n  esbuild: false\n  leveldown: false\n',
  )
  await typed([join(home, 'clients'), '--yes'])
  expect(existsSync(join(home, 'clients', file))).toBe(false)
})

test('tarballs of a folder take the place of the registry, and a missing one is told before the first file', async () => {
  const packages = join(home, 'tarballs')
  mkdirSync(packages)
  const names = ['core', 'handlers', 'runtime-lambda', 'runtime-k8s', 'local']
  for (const name of names) writeFileSync(join(packages, `spaceship-${name}-0.1.0.tgz`), '')
  const folder = join(home, 'orders')
  const lacking = await typed([folder, '--packages', packages, '--yes'])
  expect([lacking.code, lacking.said]).toEqual([2, expect.stringContaining('no tarball of @spaceship/cli')])
  expect(existsSync(folder)).toBe(false)
  writeFileSync(join(packages, 'spaceship-cli-0.1.0.tgz'), '')
  expect((await typed([folder, '--packages', packages, '--yes', '--no-install'])).code).toBe(0)
  const { dependencies, devDependencies } = manifest(folder)
  expect(dependencies['@spaceship/core']).toBe(`file:${packages}/spaceship-core-0.1.0.tgz`)
  expect(devDependencies['@spaceship/local']).toBe(`file:${packages}/spaceship-local-0.1.0.tgz`)
  expect(ran).toEqual([])
  const pnpm = ['--package-manager', 'pnpm', '--no-install']
  await typed([join(home, 'clients'), '--packages', packages, '--yes', ...pnpm])
  expect(readFileSync(join(home, 'clients/pnpm-workspace.yaml'), 'utf8')).toContain(
    `overrides:\n  '@spaceship/cli': "file:${packages}/spaceship-cli-0.1.0.tgz"\n`,
  )
})

test.each([
  [['--template', 'minimall'], 'Allowed choices are'],
  [['--templat', 'minimal'], 'Did you mean --template?'],
  [['--package-manager', 'bun'], 'Allowed choices are npm, pnpm, yarn'],
  [['--packages', '/nowhere'], 'no such folder'],
])('%j is refused with what is right', async (flags, right) => {
  const { code, said } = await typed([join(home, 'orders'), '--yes', ...flags])
  expect([code, said]).toEqual([2, expect.stringContaining(right)])
  expect(readdirSync(home)).toEqual([])
})

test('a folder that is in use, or makes no name, is refused and left as it is', async () => {
  writeFileSync(join(home, 'mine.txt'), 'mine')
  const inUse = await typed([home, '--yes'])
  expect([inUse.code, inUse.said]).toEqual([2, expect.stringContaining('not empty (mine.txt)')])
  expect(readdirSync(home)).toEqual(['mine.txt'])
  const nameless = await typed([join(home, '…'), '--yes'])
  expect([nameless.code, nameless.said]).toEqual([2, expect.stringContaining('makes no name')])
})
