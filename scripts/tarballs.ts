/** Owns the tarballs: what npm itself packs of the packages, as a registry would get them. */

import { join } from 'node:path'
import { packages } from './packages.ts'
import { run } from './run.ts'

export interface Tarball {
  /** Of the package's folder. */
  readonly name: string
  readonly file: string
}

/**
 * Packs all packages into a folder that exists, in the order in which they build on one another.
 *
 * @param root holds the folder `packages`
 * @param build builds each package first, as `npm pack` of a user does; otherwise what `dist` holds is packed
 * @throws if npm fails, with what it printed
 */
export async function packInto(
  destination: string,
  root: string,
  build: boolean,
): Promise<readonly Tarball[]> {
  const folders = packages.map(({ name }) => `./packages/${name}`)
  const quiet = ['--loglevel=error', '--json', `--ignore-scripts=${!build}`]
  const { code, output } = await run(
    'npm',
    ['pack', ...quiet, '--pack-destination', destination, ...folders],
    root,
  )
  if (code !== 0) throw new Error(`npm pack:\n${output}`)
  // The scripts of a package print before the list.
  const listed: { readonly name: string; readonly filename: string }[] = JSON.parse(
    output.slice(output.indexOf('[\n')),
  )
  return packages.map(({ name, published }) => {
    const filename = listed.find((packed) => packed.name === published)?.filename
    if (filename === undefined) throw new Error(`npm pack has packed no ${published}:\n${output}`)
    return { name, file: join(destination, filename) }
  })
}
