/**
 * `npm run release -- major|minor|patch|X.Y.Z [--dry-run] [--out FOLDER]`: the changelog, the versions and the tarballs of a release. A dry run
 * does the same to a copy, and packs what `dist` holds.
 */

import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { packages, ROOT } from './packages.ts'
import { releasedIn } from './release/changelog.ts'
import { manifestAt, nextVersion } from './release/versions.ts'
import { run } from './run.ts'
import { packInto } from './tarballs.ts'

const MANIFESTS = ['package.json', 'packages/*/package.json', 'examples/*/package.json', 'bench/package.json']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'dry-run': { type: 'boolean', default: false }, out: { type: 'string' } },
})
const { 'dry-run': dry, out } = values
const present: string = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')).version

try {
  const version = nextVersion(present, positionals[0] ?? '')
  await (dry ? rehearse(version) : release(version))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function release(version: string): Promise<void> {
  const { output: changed } = await run('git', ['status', '--porcelain'])
  if (changed !== '')
    throw new Error(`these files are not committed: commit them, or take them back\n${changed}`)
  const notes = move(ROOT, version)
  if (notes === undefined) throw new Error('nothing stands under "Unreleased" in CHANGELOG.md')
  const { code, output } = await run('npx', ['-y', 'pnpm@12.21.0', 'install', '--lockfile-only'])
  if (code !== 0) throw new Error(`the lockfile cannot follow:\n${output}`)
  const files = await pack(resolve(out ?? join(ROOT, 'release', version)), ROOT, version)
  console.log(`${version}, in place of ${present}:\n\n${notes}\n\n${files.join('\n')}\n
Look at \`git diff\`, then:
  git commit -am 'Version ${version}' && git tag v${version}
  for f in ${files.join(' ')}; do npm publish --access public $f; done`)
}

/** What `npm run check` runs: a copy of the manifests, the changelog and the built packages is released. */
async function rehearse(version: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spaceship-release-'))
  try {
    const copy = join(folder, 'copy')
    for (const file of ['CHANGELOG.md', ...globSync(MANIFESTS, { cwd: ROOT })])
      cpSync(join(ROOT, file), join(copy, file))
    for (const one of packages) {
      if (!existsSync(join(one.folder, 'dist'))) throw new Error(`${one.name} has no dist: npm run build`)
      const filter = (source: string) => basename(source) !== 'node_modules'
      cpSync(one.folder, join(copy, 'packages', one.name), { recursive: true, filter })
    }
    const notes = move(copy, version)
    if (notes === undefined) return console.log(`nothing to release after ${present}`)
    const files = await pack(resolve(out ?? join(folder, 'out')), copy, version)
    console.log(`${version} would come after ${present}, with ${files.length} tarballs:\n\n${notes}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @returns the notes of the version; undefined, and nothing is changed, if there are none */
function move(root: string, version: string): string | undefined {
  const changelog = join(root, 'CHANGELOG.md')
  const today = new Date().toISOString().slice(0, 10)
  const released = releasedIn(readFileSync(changelog, 'utf8'), version, today)
  if (released === undefined) return undefined
  writeFileSync(changelog, released.changelog)
  for (const manifest of globSync(MANIFESTS, { cwd: root })) {
    const file = join(root, manifest)
    writeFileSync(file, manifestAt(readFileSync(file, 'utf8'), version))
  }
  return released.notes
}

async function pack(destination: string, root: string, version: string): Promise<readonly string[]> {
  mkdirSync(destination, { recursive: true })
  const tarballs = await packInto(destination, root, root === ROOT)
  const files = tarballs.map(({ file }) => file)
  const other = files.find((file) => !file.endsWith(`-${version}.tgz`))
  if (other !== undefined) throw new Error(`${other} is of another version than ${version}`)
  return files
}
