/**
 * Owns how esbuild is asked.
 *
 * | form       | what it is                                                                    | file   |
 * |------------|-------------------------------------------------------------------------------|--------|
 * | `function` | what Lambda loads: CommonJS with all that it imports                          | `.cjs` |
 * | `program`  | what Node runs: an ES module with all that it imports, which may await        | `.mjs` |
 * | `beside`   | an ES module of the project's own files: packages are found where they are installed | `.mjs` |
 */

import { SpaceshipError } from '@spaceship/core'
import { type BuildFailure, type BuildOptions, formatMessages } from 'esbuild'

export type Form = 'function' | 'program' | 'beside'

/** Packages in CommonJS ask for Node's modules in their own way, which an ES module does not have. */
const REQUIRE =
  "import { createRequire as spaceshipRequire } from 'node:module'; const require = spaceshipRequire(import.meta.url);"

const FORMS = {
  function: { format: 'cjs', outExtension: { '.js': '.cjs' } },
  program: { format: 'esm', outExtension: { '.js': '.mjs' }, banner: { js: REQUIRE } },
  beside: { format: 'esm', outExtension: { '.js': '.mjs' }, packages: 'external' },
} as const satisfies Readonly<Record<Form, BuildOptions>>

/** @param conditions of the packages' exports, as Node's `--conditions` */
export function optionsOf(form: Form, root: string, conditions: readonly string[]) {
  return {
    ...FORMS[form],
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node22',
    conditions: [...conditions],
    logLevel: 'silent',
  } as const satisfies BuildOptions
}

/** What esbuild says of code that does not compile, as its own command would print it. */
export async function refusalOf(cause: unknown, entry: string): Promise<SpaceshipError> {
  // Its failures alone have a list of errors.
  const { errors } = Object(cause) as Partial<BuildFailure>
  if (errors === undefined) return new SpaceshipError('bundle', `${entry} cannot be bundled`, { cause })
  const told = await formatMessages(errors, { kind: 'error', color: false, terminalWidth: 100 })
  return new SpaceshipError('bundle', told.join('').trim(), { cause })
}

/** The conditions that a Node was started with: what it starts is to find the same files. */
export function conditionsIn(execArgv: readonly string[]): readonly string[] {
  return execArgv.flatMap((argument, n) => {
    const [, given] = /^(?:--conditions|-C)(?:=(.*))?$/.exec(argument) ?? []
    if (given !== undefined) return [given]
    return /^(?:--conditions|-C)$/.test(argument) ? [execArgv[n + 1] ?? ''] : []
  })
}
