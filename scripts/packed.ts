/** Owns the tarballs that a registry would get: their exports and types are right, and a project that installs them can load them. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packages } from './packages.ts'
import { run, tool } from './run.ts'

/** @returns what is wrong */
export async function packedProblems(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'spaceship-pack-'))
  try {
    const problems: string[] = []
    for (const { name, folder: source, commonjs } of packages) {
      const tarball = join(folder, `${name}.tgz`)
      const pack = await run('npx', ['-y', 'pnpm@12.21.0', 'pack', '--out', tarball], source)
      const lint = await run(tool('publint'), ['run', tarball, '--strict'])
      const profile = commonjs ? 'node16' : 'esm-only'
      const types = await run(tool('attw'), [tarball, '--profile', profile, '--no-color', '--no-emoji'])
      for (const { code, output } of [pack, lint, types]) if (code !== 0) problems.push(`${name}: ${output}`)
    }
    return problems.length > 0 ? problems : await loadingProblems(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** As a user has them: with what they declare to depend on or to be brought along, and nothing else. */
async function loadingProblems(tarballs: string): Promise<string[]> {
  const project = join(tarballs, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const wanted = packages.flatMap(({ name, peers }) => [join(tarballs, `${name}.tgz`), ...peers])
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const install = await run('npm', ['install', ...quiet, ...wanted], project)
  if (install.code !== 0) return [`installing the tarballs: ${install.output}`]
  const problems: string[] = []
  for (const { name, specifiers, commonjs } of packages) {
    for (const system of commonjs ? ['module', 'commonjs'] : ['module']) {
      const load = system === 'module' ? 'await import' : 'require'
      const script = specifiers.map((specifier) => `${load}('${specifier}')`).join('\n')
      const loaded = await run(process.execPath, [`--input-type=${system}`, '--eval', script], project)
      if (loaded.code !== 0) problems.push(`${name} as ${system}: ${loaded.output}`)
    }
  }
  return problems
}
