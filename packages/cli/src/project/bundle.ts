/**
 * Owns the versions of a project's module as JavaScript: one file for each, with its sources' places in it. The project may be written in
 * whatever TypeScript esbuild reads.
 */

import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { SpaceshipError } from '@spaceship/core'
import { context } from 'esbuild'
import { type Form, optionsOf, refusalOf } from './forms.ts'

export interface BundleOptions {
  /** The module. */
  readonly entry: string
  /** The project's folder. */
  readonly root: string
  /** Where the versions are written. */
  readonly folder: string
  readonly form: Form
  /** Conditions of the packages' exports, as Node's `--conditions`. */
  readonly conditions: readonly string[]
}

export interface Bundle {
  readonly file: string
  /** Equal for equal code. */
  readonly version: string
}

/** Its end removes what it has written. */
export interface Bundler extends AsyncDisposable {
  /**
   * The module as it is now. Equal code is written once.
   *
   * @param running starts again where newer ones fail, so its file stays
   * @throws SpaceshipError `bundle` with what does not compile, and where
   */
  bundle(running?: Bundle): Promise<Bundle>
}

/** Versions that are kept: the one that runs, the newest, and one between them. */
const KEPT = 3

/** Calls after the first are faster: what has not changed is not read again. */
export async function bundler({ entry, root, folder, form, conditions }: BundleOptions): Promise<Bundler> {
  const name = basename(entry, extname(entry))
  const asked = optionsOf(form, root, conditions)
  const work = await context({
    ...asked,
    entryPoints: [entry],
    outdir: folder,
    write: false,
    sourcemap: 'inline',
  })
  /** What has been written, the newest last. */
  let files: readonly string[] = []

  function keep(newest: readonly string[]): void {
    for (const file of files) if (!newest.includes(file)) rmSync(file, { force: true })
    files = newest
  }

  return {
    bundle: async (running) => {
      const { outputFiles } = await work.rebuild().catch(async (cause) => {
        throw await refusalOf(cause, entry)
      })
      const [output] = outputFiles
      if (output === undefined) throw new SpaceshipError('bundle', `esbuild made nothing of ${entry}`)
      const version = createHash('sha256').update(output.contents).digest('hex').slice(0, 12)
      const file = join(folder, `${name}-${process.pid}-${version}${asked.outExtension['.js']}`)
      mkdirSync(folder, { recursive: true })
      writeFileSync(file, output.contents)
      const last = [running?.file, file].filter((one) => one !== undefined)
      keep([...new Set([...files.filter((other) => !last.includes(other)), ...last])].slice(-KEPT))
      return { file, version }
    },
    [Symbol.asyncDispose]: async () => {
      keep([])
      await work.dispose()
    },
  }
}
