/** `npm run check`: everything that can be told without running the code. Prints each step, and the output of those that fail. */

import { importProblems } from './imports.ts'
import { ROOT } from './packages.ts'
import { packedProblems } from './packed.ts'
import { run, tool } from './run.ts'
import { separableProblems } from './separable.ts'
import { CEILINGS, sizeOfLambda } from './size.ts'
import { isShipped, unhandledIn } from './unhandled.ts'

interface Outcome {
  readonly good: boolean
  readonly note: string
}

const steps: Readonly<Record<string, () => Promise<Outcome>>> = {
  types: () => command('tsc', ['-p', 'tsconfig.json']),
  'lint, format, boundaries': () => command('biome', ['check', '--error-on-warnings', '.']),
  'unused code and dependencies': () => command('knip', []),
  build: () => command('node', ['scripts/build.ts']),
  'packages, as a registry would get them': packed,
  'a dry run of the release': () => command('node', ['scripts/release.ts', 'patch', '--dry-run']),
  size,
  'imports: no cycles, and rooms in their order': imports,
  'each capability is one file': separable,
  'no rejection that nobody can handle': handled,
}

let failed = 0
for (const [name, step] of Object.entries(steps)) {
  const began = performance.now()
  const { good, note } = await step()
  const seconds = ((performance.now() - began) / 1_000).toFixed(1)
  console.log(`${good ? '✓' : '✗'} ${name} (${seconds} s)${good && note === '' ? '' : `: ${note}`}`)
  if (!good) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1

async function command(name: string, args: readonly string[]): Promise<Outcome> {
  const { code, output } = await run(tool(name), args)
  return { good: code === 0, note: code === 0 ? '' : `\n${output}` }
}

async function separable(): Promise<Outcome> {
  const problems = await separableProblems()
  return { good: problems.length === 0, note: problems.join('\n') }
}

async function handled(): Promise<Outcome> {
  const problems = unhandledIn(ROOT, 'tsconfig.json', isShipped)
  return { good: problems.length === 0, note: problems.map((problem) => `\n${problem}`).join('') }
}

async function packed(): Promise<Outcome> {
  const problems = await packedProblems()
  return { good: problems.length === 0, note: problems.join('\n') }
}

async function imports(): Promise<Outcome> {
  const problems = importProblems()
  return { good: problems.length === 0, note: problems.map((problem) => `\n${problem}`).join('') }
}

/** What fails the check is growth beyond what was measured; what the figures should become is a bar of `bench -- coldstart`. */
async function size(): Promise<Outcome> {
  const { load, all } = await sizeOfLambda(ROOT)
  const kib = (n: number) => `${(n / 1_024).toFixed(1)} KiB`
  const figures = [
    `core + runtime-lambda, minified, without zod: evaluated at load ${kib(load)}, ceiling ${kib(CEILINGS.load)}`,
    `all chunks ${kib(all)}, ceiling ${kib(CEILINGS.all)}`,
  ]
  return { good: load <= CEILINGS.load && all <= CEILINGS.all, note: figures.join('; ') }
}
