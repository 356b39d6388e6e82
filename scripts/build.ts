/** `npm run build [-- NAME...]`: JavaScript by tsup, declarations by tsc, both module systems where the package has both. */

import { cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'tsup'
import { copyExample } from './example-template.ts'
import { type Package, packages, ROOT } from './packages.ts'
import { run, tool } from './run.ts'

/** What a package runs beside its doors, by a path of its own: commands, processes, threads. */
const BESIDES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  local: { bootstrap: 'lambda/bootstrap.ts', emulator: 'emulator/thread.ts' },
  cli: { main: 'main.ts', planner: 'dev/planner.ts', told: 'dev/told.ts' },
  'create-spaceship': { main: 'main.ts' },
}

const named = process.argv.slice(2)
const unknown = named.filter((name) => !packages.some((one) => one.name === name))
if (unknown.length > 0) throw new Error(`no package is called ${unknown.join(', ')}: see scripts/packages.ts`)
const wanted = named.length === 0 ? packages : withBase(named)
for (const one of wanted) await buildPackage(one)

/** Those, and before them what they are built on, unless it has been built. */
function withBase(names: readonly string[]): readonly Package[] {
  const all = new Set(names)
  for (const name of all)
    for (const base of packages.find((one) => one.name === name)?.builtOn ?? [])
      if (!existsSync(`${ROOT}packages/${base}/dist`)) all.add(base)
  return packages.filter(({ name }) => all.has(name))
}

async function buildPackage({ name, folder, entries, commonjs }: Package): Promise<void> {
  rmSync(`${folder}/dist`, { recursive: true, force: true })
  if (name === 'create-spaceship') copyExample(`${folder}/templates/onboarding`)
  // Keys keep the folders: `src/slack/index.ts` becomes `dist/slack/index.js`, as the exports map says.
  const entry: Record<string, string> = Object.fromEntries(
    entries.map((file) => [file.replace('./src/', '').replace('.ts', ''), `${folder}/${file}`]),
  )
  await build({
    outDir: `${folder}/dist`,
    format: commonjs ? ['esm', 'cjs'] : ['esm'],
    target: 'node22',
    platform: 'node',
    splitting: true,
    sourcemap: true,
    silent: true,
    // What a package depends on is installed beside it: one copy of core, and none of the SDK inside.
    skipNodeModulesBundle: true,
    // Some of Node's modules, such as sqlite, are found by their full name only.
    removeNodeProtocol: false,
    config: false,
    tsconfig: `${folder}/tsconfig.build.json`,
    // Loaded by a path of its own at run time.
    entry: { ...entry, ...besides(name, folder) },
  })
  const { code, output } = await run(tool('tsc'), ['-p', `${folder}/tsconfig.build.json`])
  if (code !== 0) throw new Error(`declarations of ${name}:\n${output}`)
  for (const file of globSync(`${folder}/dist/**/*.d.ts`)) declare(file, commonjs)
  console.log(`built ${name}`)
}

function besides(name: string, folder: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(BESIDES[name] ?? {}).map(([out, file]) => [out, `${folder}/src/${file}`]),
  )
}

/** tsc keeps `./x.ts` in declarations; a package needs the extension of its module system. */
function declare(file: string, commonjs: boolean): void {
  const text = readFileSync(file, 'utf8')
  const specifier = /(from |import\()(['"]\.{1,2}\/[^'"]+)\.ts(['"])/g
  writeFileSync(file, text.replace(specifier, '$1$2.js$3'))
  if (!commonjs) return
  const copy = file.replace(/\.d\.ts$/, '.d.cts')
  cpSync(file, copy)
  writeFileSync(copy, text.replace(specifier, '$1$2.cjs$3'))
}
