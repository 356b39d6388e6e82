/** Owns finding what a user names; a slip of the pen is answered with the name that was meant. */

import { nearestName } from '@spaceship/core/adapter'
import { usage } from '../show/index.ts'

/** @throws SpaceshipError `usage` with the names that there are */
export function named<T>(what: string, name: string, all: ReadonlyMap<string, T>): T {
  const found = all.get(name)
  if (found !== undefined) return found
  const names = [...all.keys()]
  const near = nearestName(name, names)
  const known = names.length === 0 ? `the reactors of this project name none` : `expected ${names.join(', ')}`
  throw usage(
    `no ${what} is called '${name}'${near === undefined ? '' : ` (did you mean '${near}'?)`}: ${known}`,
  )
}
