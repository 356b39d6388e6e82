/** Owns the tarballs of Spaceship's packages that a project may be installed from, in place of the registry's. */

import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { SpaceshipCreateError } from './refusal.ts'

/** By package: where its tarball lies, as a manifest names it. */
export type Tarballs = ReadonlyMap<string, string>

/**
 * `spaceship-core-0.1.0.tgz` is one of `@spaceship/core`.
 *
 * @throws SpaceshipCreateError if there is no such folder
 */
export function tarballsIn(folder: string): Tarballs {
  const home = resolve(folder)
  if (!existsSync(home)) throw new SpaceshipCreateError(`--packages is '${folder}': there is no such folder`)
  return new Map(
    readdirSync(home).flatMap((file) => {
      const [, name] = /^spaceship-(.+)-\d+\.\d+\.\d+.*\.tgz$/.exec(file) ?? []
      return name === undefined ? [] : [[`@spaceship/${name}`, `file:${home}/${file}`] as const]
    }),
  )
}
