/** Owns the `package.json` of a new project. Versions are those that this package was tested with. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SpaceshipCreateError } from './refusal.ts'

/** What every project has, beside what its template imports. */
const TOOLS = ['@spaceship/cli', '@types/node', 'typescript', 'vitest']

const OWN = JSON.parse(readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'))

export interface ManifestOptions {
  readonly name: string
  /** What the template imports. */
  readonly dependencies: readonly string[]
  /** A folder of tarballs to install Spaceship's packages from. @default the registry */
  readonly packages: string | undefined
}

/** @throws SpaceshipCreateError if the folder lacks a tarball */
export function manifestOf({ name, dependencies, packages }: ManifestOptions): Record<string, unknown> {
  const tarballs = packages === undefined ? undefined : tarballsIn(packages)
  const wanted = (names: readonly string[]) =>
    Object.fromEntries([...names].sort().map((one) => [one, versionOf(one, tarballs)]))
  // npm takes what another package asks for from a tarball only if the project asks for it, too.
  const besides = tarballs === undefined ? [] : ['@spaceship/local'].filter((one) => tarballs.has(one))
  return {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: OWN.engines,
    scripts: {
      dev: 'spaceship dev',
      test: 'vitest run',
      check: 'tsc',
      build: 'spaceship build',
    },
    dependencies: wanted(dependencies),
    devDependencies: wanted([...TOOLS, ...besides]),
  }
}

function versionOf(name: string, tarballs: ReadonlyMap<string, string> | undefined): string {
  if (name.startsWith('@spaceship/')) {
    if (tarballs === undefined) return OWN.version
    const file = tarballs.get(name)
    if (file !== undefined) return `file:${file}`
    throw new SpaceshipCreateError(
      `--packages has no tarball of ${name}: expected what 'npm pack' makes of it`,
    )
  }
  return `^${OWN.devDependencies[name]}`
}

/** By package: `spaceship-core-0.1.0.tgz` is one of `@spaceship/core`. */
function tarballsIn(folder: string): ReadonlyMap<string, string> {
  const home = resolve(folder)
  if (!existsSync(home)) throw new SpaceshipCreateError(`--packages is '${folder}': there is no such folder`)
  return new Map(
    readdirSync(home).flatMap((file) => {
      const [, name] = /^spaceship-(.+)-\d+\.\d+\.\d+.*\.tgz$/.exec(file) ?? []
      return name === undefined ? [] : [[`@spaceship/${name}`, `${home}/${file}`] as const]
    }),
  )
}
