/** `spaceship build`: the files that are deployed, one for the function and one for the worker. */

import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { build } from 'esbuild'
import { conditionsIn, type Form, optionsOf, refusalOf } from '../project/index.ts'
import { took, usage } from '../show/index.ts'
import { type Common, projectOf } from './project.ts'
import type { Terminal } from './terminal.ts'

interface Options extends Common {
  readonly outDir: string
  readonly minify?: boolean
}

interface Built {
  readonly file: string
  readonly bytes: number
}

export function addBuild(program: Command, terminal: Terminal): void {
  program
    .command('build')
    .summary('bundle what is deployed')
    .description(
      'Bundles the function and the worker, each with all that it imports: lambda.cjs, whose export is the handler, and\nworker.mjs, which Node runs. A project without one of the two modules gets the other;\nwhat its config names has to be there.',
    )
    .option('--out-dir <folder>', 'where to', 'dist')
    .option('--minify', 'makes smaller files, whose stack traces need their source maps')
    .option('--json', 'the answer as JSON')
    .addHelpText('after', '\nExample:\n  $ spaceship build && node --enable-source-maps dist/worker.mjs')
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const began = performance.now()
      const { config, root } = await projectOf(terminal, options)
      const { worker = 'src/worker.ts', lambda = 'src/lambda.ts' } = config
      for (const name of ['worker', 'lambda'] as const) {
        const given = config[name]
        if (given !== undefined && !existsSync(resolve(root, given)))
          throw usage(
            `'${name}' is '${given}', which does not exist in ${root}: expected the path of a module, from the config's folder`,
          )
      }
      const entries = [
        { entry: lambda, out: 'lambda', form: 'function' },
        { entry: worker, out: 'worker', form: 'program' },
      ] as const
      const present = entries.filter(({ entry }) => existsSync(resolve(root, entry)))
      if (present.length === 0)
        throw usage(
          `neither ${lambda} nor ${worker} exists in ${root}: expected one of them, or others in the config`,
        )
      const folder = resolve(root, options.outDir)
      const files: Built[] = []
      for (const one of present) files.push(await bundled(one, root, folder, options.minify ?? false))
      const shown = files.map(({ file, bytes }) => ({ file: relative(terminal.cwd, file), bytes }))
      if (options.json) return terminal.out(JSON.stringify({ built: shown }))
      for (const { file, bytes } of shown) terminal.out(`${file}  ${Math.ceil(bytes / 1024)} KiB`)
      terminal.say(`built in ${took(performance.now() - began)}`)
    })
}

async function bundled(
  { entry, out, form }: { readonly entry: string; readonly out: string; readonly form: Form },
  root: string,
  folder: string,
  minify: boolean,
): Promise<Built> {
  const asked = optionsOf(form, root, conditionsIn(process.execArgv))
  const { metafile } = await build({
    ...asked,
    entryPoints: [{ in: resolve(root, entry), out }],
    outdir: folder,
    sourcemap: true,
    minify,
    metafile: true,
  }).catch(async (cause) => {
    throw await refusalOf(cause, entry)
  })
  const name = `${out}${asked.outExtension['.js']}`
  const [, output] = Object.entries(metafile.outputs).find(([path]) => path.endsWith(name)) ?? []
  return { file: resolve(folder, name), bytes: output?.bytes ?? 0 }
}
