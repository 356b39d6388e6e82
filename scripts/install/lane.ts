/**
 * `npm run lane:install`: the packages as a user gets them. npm packs them, npm, pnpm and yarn install the tarballs into empty folders
 * outside the repository, both TypeScripts check a small project with the declarations of all that it imports, and its tests run on
 * the lowest Node that the packages name and on the one of this repository.
 */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command, QUIET, secondsSince, step } from '../lane-steps.ts'
import { ROOT } from '../packages.ts'
import { run } from '../run.ts'
import { packInto, type Tarball } from '../tarballs.ts'

const { engines, version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
const LOWEST = /\d+\.\d+\.\d+/.exec(engines.node)?.[0]
/** Beside what the project imports: both TypeScripts, and the types that it names. */
const TOOLS = [
  'typescript@7.0.2',
  'typescript-5@npm:typescript@5.9.3',
  '@types/node@22',
  '@types/aws-lambda@8',
]
const LIBRARIES = ['zod@4.6.7', '@aws-sdk/client-dynamodb@3.1164.0']
/** What the two other package managers install: names that are not in the registry, so the manifest says where each lies. */
const PLAIN = ['core', 'handlers', 'runtime-lambda']

const folder = mkdtempSync(join(tmpdir(), 'spaceship-install-'))
const began = performance.now()
try {
  const tarballs = await step('npm packs the packages', () => packInto(folderOf('tarballs'), ROOT, true))
  const project = folderOf('project')
  cpSync(fileURLToPath(new URL('project', import.meta.url)), project, { recursive: true })
  const files = tarballs.map(({ file }) => file)
  // They wait for a registry and for disks more than they work.
  const [lowest] = await Promise.all([
    step(`npm installs Node ${LOWEST}`, nodeLowest),
    step('npm installs them', () =>
      command(project, 'npm', 'install', ...QUIET, ...files, ...LIBRARIES, ...TOOLS),
    ),
    step('pnpm installs them', () => installedBy('pnpm@12.21.0', tarballs)),
    step('yarn installs them', () => installedBy('yarn@1.22.22', tarballs)),
  ])
  await step(`nothing that they need wants another Node than ${LOWEST}`, () => onlyFor(lowest, files))
  const compilers = { '5.9': 'typescript-5', 7: 'typescript' }
  for (const [name, compiler] of Object.entries(compilers)) {
    const tsc = join(project, 'node_modules', compiler, 'bin/tsc')
    await step(`TypeScript ${name} compiles the project`, () =>
      command(project, process.execPath, tsc, '-p', '.', '--outDir', `out/${compiler}`),
    )
  }
  for (const [node, compiler] of [
    [lowest, compilers['5.9']],
    [process.execPath, compilers[7]],
  ] as const) {
    const { output } = await run(node, ['--version'])
    await step(`its tests run on Node ${output.trim()}`, () =>
      command(project, node, '--test', `out/${compiler}/*.test.js`),
    )
  }
  console.log(`lane 'install' passed in ${secondsSince(began)} s`)
} catch (error) {
  console.error(
    `lane 'install' failed after ${secondsSince(began)} s: ${error instanceof Error ? error.message : error}`,
  )
  process.exitCode = 1
} finally {
  // If one step has failed, another may still write.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}

function folderOf(name: string): string {
  const made = join(folder, name)
  mkdirSync(made)
  return made
}

/** A package manager that looks for what our packages depend on in a registry is told to take the tarballs. */
async function installedBy(manager: string, tarballs: readonly Tarball[]): Promise<void> {
  const within = folderOf(manager)
  const wanted = tarballs.filter(({ name }) => PLAIN.includes(name))
  const dependencies = Object.fromEntries(
    wanted.map(({ name, file }) => [`@spaceship/${name}`, `file:${file}`]),
  )
  const manifest = { private: true, type: 'module', dependencies, resolutions: dependencies }
  writeFileSync(join(within, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(within, 'pnpm-workspace.yaml'), JSON.stringify({ overrides: dependencies }))
  await command(within, 'npx', '-y', manager, 'install', '--prefer-offline')
  const script = `import { lambda } from '@spaceship/runtime-lambda'; import '@spaceship/core'; import '@spaceship/handlers/slack'; lambda.call`
  await command(within, process.execPath, '--input-type=module', '--eval', script)
  const installed = join(within, 'node_modules/@spaceship/core/package.json')
  if (JSON.parse(readFileSync(installed, 'utf8')).version !== version)
    throw new Error(`${manager}: another @spaceship/core`)
}

/** npm itself is run on that Node, and refuses what is not made for it. */
async function onlyFor(node: string, files: readonly string[]): Promise<void> {
  const npm = process.env.npm_execpath
  if (npm === undefined) throw new Error('npm does not say where it is: run this by npm')
  const within = folderOf('engines')
  writeFileSync(join(within, 'package.json'), JSON.stringify({ private: true }))
  await command(
    within,
    node,
    npm,
    'install',
    ...QUIET,
    '--engine-strict',
    '--dry-run',
    '--ignore-scripts',
    ...files,
  )
}

/** The `node` package has the binaries of one release. */
async function nodeLowest(): Promise<string> {
  const within = folderOf('node')
  writeFileSync(join(within, 'package.json'), JSON.stringify({ private: true }))
  await command(within, 'npm', 'install', ...QUIET, `node@${LOWEST}`)
  return join(within, 'node_modules/node/bin/node')
}
