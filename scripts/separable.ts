/**
 * Owns the proof that a capability is one file: in a copy of core each capability is deleted with its tests and its registration, the
 * rest still type-checks, and an option that asks for it is refused by name.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './packages.ts'
import { run, tool } from './run.ts'

/** How a route asks for each capability, and the words that must be in the refusal. */
const CAPABILITIES: Readonly<Record<string, { readonly options: string; readonly words: string }>> = {
  batch: { options: '{}', words: "'batching' of the route 'r/see' is given" },
  claim: { options: "{ effect: 'claim' }", words: "'effect' of the route 'r/see' is 'claim'" },
  guard: { options: "{ stale: 'skip' }", words: "'stale' of the route 'r/see' is 'skip'" },
  park: { options: "{ whenExhausted: 'park' }", words: "'whenExhausted' of the route 'r/see' is 'park'" },
  rate: { options: "{ rate: '10/s' }", words: "'rate' of the route 'r/see' is '10/s'" },
}

/** What keeps a capability from being one file. */
export async function separableProblems(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'spaceship-separable-'))
  try {
    cpSync(`${ROOT}packages/core`, folder, {
      recursive: true,
      filter: (path) => !/(^|\/)(node_modules|dist)(\/|$)/.test(path.slice(ROOT.length)),
    })
    cpSync(`${ROOT}tsconfig.base.json`, join(folder, 'tsconfig.base.json'))
    symlinkSync(`${ROOT}packages/core/node_modules`, join(folder, 'node_modules'))
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: './tsconfig.base.json',
        compilerOptions: { noEmit: true, typeRoots: [`${ROOT}node_modules/@types`], types: ['node'] },
        include: ['src'],
        exclude: ['src/**/*.test.ts', 'src/**/*.test-d.ts'],
      }),
    )
    const problems: string[] = []
    for (const name of Object.keys(CAPABILITIES)) problems.push(...(await problemsWithout(name, folder)))
    return problems
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function problemsWithout(name: string, folder: string): Promise<string[]> {
  const { options, words } = CAPABILITIES[name] ?? { options: '', words: '' }
  const index = join(folder, 'src/capabilities/index.ts')
  const own = globSync([`src/capabilities/${name}.ts`, `src/capabilities/${name}.test.ts`], { cwd: folder })
  const kept = own.map((file) => [join(folder, file), readFileSync(join(folder, file), 'utf8')] as const)
  const registered = readFileSync(index, 'utf8')
  const without = registered
    .split('\n')
    .map((line) =>
      line.replace(new RegExp(`(\\[|, )${name}(?=[,\\]])`), (_, before) => (before === '[' ? '[' : '')),
    )
    .filter((line) => !line.includes(`from './${name}.ts'`) && line.trim() !== `${name},`)
    .join('\n')
    .replace('[, ', '[')
  try {
    for (const [file] of kept) rmSync(file)
    writeFileSync(index, without)
    const { code, output } = await run(tool('tsc'), ['-p', join(folder, 'tsconfig.json')])
    if (code !== 0) return [`core does not type-check without ${name}:\n${output}`]
    const said = refusalOf(folder, options, name === 'batch')
    return said.includes(words)
      ? []
      : [`without ${name}, ${options} is to be refused with "${words}", and is: ${said}`]
  } finally {
    for (const [file, text] of kept) writeFileSync(file, text)
    writeFileSync(index, registered)
  }
}

/** What an engine says of a route with these options. */
function refusalOf(folder: string, options: string, isBatch: boolean): string {
  const handler = isBatch ? 'batch({ size: 2 }, () => {})' : '() => {}'
  const script = `
    import { batch, entity, reactor } from './src/index.ts'
    import { createEngine } from './src/engine.ts'
    import { memoryDeadLetters, memoryState } from './src/memory/index.ts'
    const schema = { '~standard': { version: 1, vendor: 'none', validate: (value) => ({ value }) } }
    const saved = entity('e', { table: 't', key: 'id', schema }).saved('e.saved')
    const reactors = [reactor('r').on('see', saved, ${handler}, ${options})]
    try {
      createEngine({ application: 'a', reactors, state: memoryState(), deadLetters: memoryDeadLetters() })
      console.log('nothing')
    } catch (error) {
      console.log(error.message)
    }
  `
  const file = join(folder, 'refusal.ts')
  writeFileSync(file, script)
  const { stdout, stderr } = spawnSync(tool('node'), [file], { encoding: 'utf8' })
  return `${stdout}${stderr}`.trim()
}
