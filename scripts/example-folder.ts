/** Owns folders within the repository's own packages, in which TypeScript and Node find all packages as a user's project does. */

import { mkdirSync, rmSync } from 'node:fs'
import { ROOT } from './packages.ts'

export interface Folder {
  readonly folder: string
  remove(): void
}

/** Makes a folder. @param path from the repository's root */
export function folderAt(path: string): Folder {
  const folder = `${ROOT}${path}`
  mkdirSync(folder, { recursive: true })
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Makes `.<name>` beside the example's sources, and removes it afterwards. */
export function inExample<T>(name: string, use: (folder: string) => T): T {
  const { folder, remove } = folderAt(`examples/onboarding/src/.${name}`)
  try {
    return use(folder)
  } finally {
    remove()
  }
}
