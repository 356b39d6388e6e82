/** Owns the `package.json` of a new project. Versions are those that this package was tested with. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SpaceshipCreateError } from './refusal.ts'
import type { Tarballs } from './tarballs.ts'

/** What every project has, beside what its template imports. */
const TOOLS = ['@spaceship/cli', '@types/node', 'typescript', 'vitest']

const OWN = JSON.parse(readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'))

export interface ManifestOptions {
  readonly name: string
  /** What the template imports. */
  readonly dependencies: readonly string[]
  /** What Spaceship's packages are installed from. @default the registry */
  readonly tarballs: Tarballs | undefined
}

/** @throws SpaceshipCreateError if a tarball is missing */
export function manifestOf({ name, dependencies, tarballs }: ManifestOptions): Record<string, unknown> {
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

function versionOf(name: string, tarballs: Tarballs | undefined): string {
  if (name.startsWith('@spaceship/')) {
    if (tarballs === undefined) return OWN.version
    const file = tarballs.get(name)
    if (file !== undefined) return file
    throw new SpaceshipCreateError(
      `--packages has no tarball of ${name}: expected what 'npm pack' makes of it`,
    )
  }
  return `^${OWN.devDependencies[name]}`
}
