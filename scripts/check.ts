/** `npm run check`: everything that can be told without running the code. Prints each step, and the output of those that fail. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packages, ROOT } from './packages.ts'
import { run, tool } from './run.ts'
import { BAR, CEILING, sizeOfLambda } from './size.ts'

interface Outcome {
  readonly good: boolean
  readonly note: string
}

const steps: Readonly<Record<string, () => Promise<Outcome>>> = {
  types: () => command('tsc', ['-p', 'tsconfig.json']),
  'lint, format, boundaries, cycles': () => command('biome', ['check', '--error-on-warnings', '.']),
  'unused code and dependencies': () => command('knip', []),
  build: () => command('node', ['scripts/build.ts']),
  'package exports': packed,
  size,
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

/** The tarballs that a registry would get: exports that resolve, types that fit both module systems. */
async function packed(): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'spaceship-pack-'))
  try {
    const notes: string[] = []
    for (const { name, folder: source, commonjs } of packages) {
      const tarball = join(folder, `${name}.tgz`)
      const pack = await run('npx', ['-y', 'pnpm@12.21.0', 'pack', '--out', tarball], source)
      const lint = await run(tool('publint'), ['run', tarball, '--strict'])
      const profile = commonjs ? 'node16' : 'esm-only'
      const types = await run(tool('attw'), [tarball, '--profile', profile, '--no-color', '--no-emoji'])
      for (const { code, output } of [pack, lint, types]) if (code !== 0) notes.push(`${name}: ${output}`)
    }
    return { good: notes.length === 0, note: notes.join('\n') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The bar is a target: a miss is reported. What fails the check is growth beyond what was measured. */
async function size(): Promise<Outcome> {
  const bytes = await sizeOfLambda(ROOT)
  const kib = (n: number) => `${(n / 1_024).toFixed(1)} KiB`
  const verdict = bytes <= BAR ? 'met' : 'MISSED'
  const note = `core + runtime-lambda, bundled and minified, without zod: ${kib(bytes)}; bar ${kib(BAR)} ${verdict}; ceiling ${kib(CEILING)}`
  return { good: bytes <= CEILING, note }
}
