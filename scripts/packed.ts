/** Owns what must hold of the tarballs that a registry would get: their manifests, exports and types are right, and a project that installs them can load them. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Package, packages, ROOT } from './packages.ts'
import { run, tool } from './run.ts'
import { packInto, type Tarball } from './tarballs.ts'

/** @returns what is wrong */
export async function packedProblems(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'spaceship-pack-'))
  try {
    const tarballs = await packInto(folder, ROOT, false)
    const problems: string[] = []
    for (const { name, commonjs, entries } of packages) {
      const tarball = fileOf(tarballs, name)
      const lint = await run(tool('publint'), ['run', tarball, '--strict'])
      const profile = commonjs ? 'node16' : 'esm-only'
      // A package that is a command has none.
      if (entries.length === 0) {
        if (lint.code !== 0) problems.push(`${name}: ${lint.output}`)
        continue
      }
      const types = await run(tool('attw'), [tarball, '--profile', profile, '--no-color', '--no-emoji'])
      for (const { code, output } of [lint, types]) if (code !== 0) problems.push(`${name}: ${output}`)
    }
    return problems.length > 0 ? problems : await installedProblems(folder, tarballs)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function fileOf(tarballs: readonly Tarball[], wanted: string): string {
  return tarballs.find(({ name }) => name === wanted)?.file ?? ''
}

/** As a user has them: with what they declare to depend on or to be brought along, and nothing else. */
async function installedProblems(folder: string, tarballs: readonly Tarball[]): Promise<string[]> {
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const wanted = packages.flatMap(({ name, peers }) => [fileOf(tarballs, name), ...peers])
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const install = await run('npm', ['install', ...quiet, ...wanted], project)
  if (install.code !== 0) return [`installing the tarballs: ${install.output}`]
  const problems: string[] = []
  for (const one of packages) {
    const { name, published, specifiers, commonjs } = one
    const installed = join(project, 'node_modules', published)
    problems.push(...manifestProblems(one, installed))
    for (const system of ['module', 'commonjs']) {
      const load = system === 'module' ? 'await import' : 'require'
      const script = specifiers.map((specifier) => `${load}('${specifier}')`).join('\n')
      const loaded = await run(process.execPath, [`--input-type=${system}`, '--eval', script], project)
      if (loaded.code !== 0) problems.push(`${name} as ${system}: ${loaded.output}`)
    }
    if (!commonjs && !/ESM only/.test(readFileSync(join(installed, 'README.md'), 'utf8')))
      problems.push(`${name} has no CommonJS, and its README does not say 'ESM only'`)
  }
  return problems
}

/** What every package has alike, and what only a workspace understands. */
function manifestProblems({ name }: Package, installed: string): string[] {
  const root = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  const { dependencies, devDependencies, peerDependencies } = manifest
  const ranges = Object.entries<string>({ ...devDependencies, ...peerDependencies, ...dependencies })
  const problems = ranges
    .filter(([other, range]) => other.startsWith('@spaceship/') && range !== root.version)
    .map(
      ([other, range]) =>
        `'${other}' is '${range}': expected '${root.version}', which every package manager understands`,
    )
  if (manifest.version !== root.version)
    problems.push(`the version is ${manifest.version}: expected the root's, ${root.version}`)
  if (manifest.engines?.node !== root.engines.node)
    problems.push(
      `'engines.node' is '${manifest.engines?.node}': expected the root's, '${root.engines.node}'`,
    )
  if (!existsSync(join(installed, 'README.md'))) problems.push('there is no README.md')
  const license = join(installed, 'LICENSE')
  if (!existsSync(license) || readFileSync(license, 'utf8') !== readFileSync(`${ROOT}LICENSE`, 'utf8'))
    problems.push("the LICENSE is not the repository's")
  return problems.map((problem) => `${name}: ${problem}`)
}
