/**
 * Owns what a function pays for Spaceship at a cold start: minified bytes of core and runtime-lambda. A bundler that splits puts
 * what is imported by `import()` into chunks of their own; those are bytes of the package, but nobody evaluates them at load.
 */

import { dirname } from 'node:path'
import { type BuildResult, build } from 'esbuild'

export interface Size {
  /** Evaluated at load by a function with one plain `journal` route. */
  readonly load: number
  /** The same by folder of the sources, the largest first: `core/engine`. */
  readonly folders: Readonly<Record<string, number>>
  /** All chunks of a function that uses everything a reactor may be made of. */
  readonly all: number
}

/** What is paid at the most today: no change may make it worse unnoticed. */
export const CEILINGS: Pick<Size, 'load' | 'all'> = { load: 130_100, all: 131_400 }

const PLAIN = `
  import { entity, reactor } from '@spaceship/core'
  import { lambda } from '@spaceship/runtime-lambda'
  const validate = (value) => ({ value })
  const schema = { '~standard': { version: 1, vendor: 'none', validate } }
  const Client = entity('client', { table: 'clients', key: 'id', schema })
  const greeter = reactor('greeter').on('greet', Client.created('client.created'), () => {}, { effect: 'journal' })
  export const handler = lambda(greeter, globalThis.options)
`

const EVERYTHING = `
  export { entity, event, reminder, reactor, route, handler, skip, Permanent, RetryAfter, Unavailable } from '@spaceship/core'
  export { lambda } from '@spaceship/runtime-lambda'
`

export async function sizeOfLambda(root: string): Promise<Size> {
  const [plain, everything] = await Promise.all([bundled(root, PLAIN), bundled(root, EVERYTHING)])
  const loaded = atLoad(plain)
  const folders: Record<string, number> = {}
  for (const chunk of loaded) {
    for (const [file, { bytesInOutput }] of Object.entries(plain.outputs[chunk]?.inputs ?? {})) {
      const folder = folderOf(file)
      folders[folder] = (folders[folder] ?? 0) + bytesInOutput
    }
  }
  return {
    load: bytesOf(plain, loaded),
    folders: Object.fromEntries(Object.entries(folders).sort(([, a], [, b]) => b - a)),
    all: bytesOf(everything, Object.keys(everything.outputs)),
  }
}

type Bundle = BuildResult<{ metafile: true }>['metafile']

async function bundled(root: string, contents: string): Promise<Bundle> {
  const { metafile } = await build({
    stdin: { contents, resolveDir: `${root}examples/onboarding`, loader: 'ts' },
    absWorkingDir: root,
    outdir: 'dist',
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'error',
    platform: 'node',
    format: 'esm',
    target: 'node22',
    conditions: ['@spaceship/source'],
  })
  return metafile
}

/** The chunks that the entry imports, and what these import, by statements. */
function atLoad({ outputs }: Bundle): readonly string[] {
  const found = new Set(Object.keys(outputs).filter((chunk) => outputs[chunk]?.entryPoint !== undefined))
  for (const chunk of found)
    for (const { path, kind } of outputs[chunk]?.imports ?? [])
      if (kind === 'import-statement') found.add(path)
  return [...found].filter((chunk) => chunk in outputs)
}

function bytesOf({ outputs }: Bundle, chunks: readonly string[]): number {
  return chunks.reduce((sum, chunk) => sum + (outputs[chunk]?.bytes ?? 0), 0)
}

/** `packages/core/src/wire/image.ts` is of `core/wire`. */
function folderOf(file: string): string {
  const [, name, path] = /packages\/([^/]+)\/(?:src|dist)\/(.*)$/.exec(file) ?? []
  return name === undefined || path === undefined
    ? 'the function itself'
    : `${name}/${dirname(path)}`.replace(/\/\.$/, '')
}
