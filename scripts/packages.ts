/** Owns what the scripts know of the packages: their folders, in the order in which they build on one another. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

export interface Package {
  readonly name: string
  readonly folder: string
  /** Source files of the subpaths, from the package's folder. */
  readonly entries: readonly string[]
  readonly commonjs: boolean
}

export const packages: readonly Package[] = [
  'core',
  'handlers',
  'runtime-lambda',
  'runtime-k8s',
  'local',
].map((name) => {
  const folder = `${ROOT}packages/${name}`
  const { exports } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  const conditions = Object.values<Record<string, string>>(exports).filter(
    (value) => typeof value === 'object',
  )
  return {
    name,
    folder,
    entries: conditions.map((condition) => condition['@spaceship/source'] ?? ''),
    commonjs: conditions.every((condition) => 'require' in condition),
  }
})
