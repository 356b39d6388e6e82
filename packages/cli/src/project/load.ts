/** Owns finding and loading `spaceship.config.ts`, from the folder of a command or one above it. */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SpaceshipError } from '@spaceship/core'
import { type Config, defineConfig } from '../config.ts'
import { bundler } from './bundle.ts'
import { conditionsIn } from './forms.ts'

const NAMES = ['ts', 'mts', 'js', 'mjs'].map((extension) => `spaceship.config.${extension}`)

export interface Project {
  readonly config: Config
  /** The folder of the config. */
  readonly root: string
  /** Where the commands keep what they make: out of the way of git. */
  readonly folder: string
}

/**
 * The project of a folder. Its config is run, and what the config imports; the reactors are not made yet.
 *
 * @param given the path of a config. @default the nearest one, here or above
 * @throws SpaceshipError `no-project` if there is none, `bundle` if it does not compile, ConfigurationError for what it says
 */
export async function loadProject(from: string, given?: string): Promise<Project> {
  const { file, root, folder } = projectAt(from, given)
  await using making = await bundler({
    entry: file,
    root,
    folder,
    form: 'beside',
    conditions: conditionsIn(process.execArgv),
  })
  const bundle = await making.bundle()
  const { default: config } = await import(pathToFileURL(bundle.file).href)
  if (config === undefined)
    throw new SpaceshipError(
      'no-project',
      `${file} has no default export: expected 'export default defineConfig({ ... })'`,
    )
  return { config: defineConfig(config), root, folder }
}

/** Where a project is, before anything of it runs. */
export function projectAt(from: string, given?: string): { file: string; root: string; folder: string } {
  const file = given === undefined ? nearest(from) : isAbsolute(given) ? given : resolve(from, given)
  if (file === undefined || !existsSync(file))
    throw new SpaceshipError(
      'no-project',
      `${given ?? 'spaceship.config.ts'} does not exist in ${from}${given === undefined ? ' or above it' : ''}: run the command in a project, name its config with --config, or begin one with 'npm create spaceship'`,
    )
  const root = dirname(file)
  const folder = join(root, '.spaceship')
  mkdirSync(folder, { recursive: true })
  if (!existsSync(join(folder, '.gitignore'))) writeFileSync(join(folder, '.gitignore'), '*\n')
  return { file, root, folder }
}

function nearest(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = NAMES.map((name) => join(folder, name)).find((path) => existsSync(path))
    if (found !== undefined || folder === dirname(folder)) return found
  }
}
