/** Owns making the files of a project: those of every project, then the template's, with their placeholders filled. */

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { manifestOf } from './manifest.ts'
import { SpaceshipCreateError } from './refusal.ts'
import { tarballsIn } from './tarballs.ts'
import { BASE, type TemplateName, templateOf } from './templates.ts'
import { workspaceOf } from './workspace.ts'

export type PackageManager = 'npm' | 'pnpm' | 'yarn'

export interface CreateOptions {
  /** Where to: a folder that is empty, or not there yet. Its name becomes the project's and the application's. */
  readonly folder: string
  readonly template: TemplateName
  /** What installs the project, and what its README tells to type. @default 'npm' */
  readonly manager?: PackageManager
  /** A folder with tarballs of Spaceship's packages. @default the registry */
  readonly packages?: string | undefined
}

export interface Created {
  readonly folder: string
  /** The project's and the application's. */
  readonly name: string
  /** From its folder. */
  readonly files: readonly string[]
}

/** How a script is run, and a command of a dependency. */
export const WORDS: Readonly<Record<PackageManager, { readonly run: string; readonly exec: string }>> = {
  npm: { run: 'npm run', exec: 'npx' },
  pnpm: { run: 'pnpm', exec: 'pnpm exec' },
  yarn: { run: 'yarn', exec: 'yarn' },
}

/** What a folder may hold that counts as empty. */
const HARMLESS = new Set(['.git', '.DS_Store', '.idea', '.vscode'])

/**
 * Makes a project.
 *
 * @throws SpaceshipCreateError for a folder that is in use, and a name that can be none
 * @example
 * create({ folder: 'greeter', template: 'minimal' })
 */
export function create({ folder, template, manager = 'npm', packages }: CreateOptions): Created {
  const home = resolve(folder)
  const name = nameOf(basename(home))
  const inUse = existsSync(home) ? readdirSync(home).filter((file) => !HARMLESS.has(file)) : []
  if (inUse.length > 0)
    throw new SpaceshipCreateError(
      `${home} is not empty (${inUse.slice(0, 3).join(', ')}${inUse.length > 3 ? ', …' : ''}): expected a new folder, or an empty one`,
    )
  const { folder: source, dependencies } = templateOf(template)
  // Before the first file: a missing tarball leaves nothing behind.
  const tarballs = packages === undefined ? undefined : tarballsIn(packages)
  const manifest = manifestOf({ name, dependencies, tarballs })
  mkdirSync(home, { recursive: true })
  for (const from of [BASE, source]) cpSync(from, home, { recursive: true })
  rmSync(join(home, 'template.json'))
  // npm leaves a file of this name out of its tarballs.
  renameSync(join(home, '_gitignore'), join(home, '.gitignore'))
  writeFileSync(join(home, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  if (manager === 'pnpm') writeFileSync(join(home, 'pnpm-workspace.yaml'), workspaceOf(tarballs))
  const files = filesIn(home)
  for (const file of files) fill(join(home, file), { name, ...WORDS[manager] })
  return { folder: home, name, files }
}

function fill(file: string, values: Readonly<Record<string, string>>): void {
  const text = readFileSync(file, 'utf8')
  const filled = text.replace(/\{\{(\w+)\}\}/g, (whole, key: string) => values[key] ?? whole)
  if (filled !== text) writeFileSync(file, filled)
}

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .filter((file) => !file.startsWith('.git/'))
    .sort()

/** npm's rule for names, and the engine's for applications; DynamoDB wants three characters of a table. */
function nameOf(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 100)
  if (name.length >= 3) return name
  throw new SpaceshipCreateError(
    `'${folder}' makes no name of a project: expected a folder with at least 3 letters or digits`,
  )
}
