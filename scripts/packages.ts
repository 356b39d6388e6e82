/** Owns what the scripts know of the packages: their folders, in the order in which they build on one another. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

export interface Package {
  /** Of its folder. */
  readonly name: string
  /** As a registry has it: `@spaceship/core`. */
  readonly published: string
  readonly folder: string
  /** Source files of the subpaths, from the package's folder. */
  readonly entries: readonly string[]
  /** What users write after `from`, in the same order. */
  readonly specifiers: readonly string[]
  readonly commonjs: boolean
  /** The packages that it is built on, without their scope. */
  readonly builtOn: readonly string[]
  /** What its users bring along, as `name@range`. */
  readonly peers: readonly string[]
}

export const packages: readonly Package[] = [
  'core',
  'handlers',
  'runtime-lambda',
  'runtime-k8s',
  'local',
  'cli',
  'create-spaceship',
].map((name) => {
  const folder = `${ROOT}packages/${name}`
  const {
    name: published,
    exports,
    dependencies = {},
    peerDependencies = {},
  } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  const subpaths = Object.entries<Record<string, string>>(exports).filter(
    ([, value]) => typeof value === 'object',
  )
  const conditions = subpaths.map(([, condition]) => condition)
  return {
    name,
    published,
    folder,
    entries: conditions.map((condition) => condition['@spaceship/source'] ?? ''),
    specifiers: subpaths.map(([subpath]) => `${published}${subpath.slice(1)}`),
    commonjs: conditions.every((condition) => 'require' in condition),
    builtOn: Object.keys(dependencies).flatMap((other) => /^@spaceship\/(.*)$/.exec(other)?.[1] ?? []),
    peers: Object.entries(peerDependencies).map(([peer, range]) => `${peer}@${range}`),
  }
})
