/** Owns folders within the repository's own packages, in which TypeScript and Node find all packages as a user's project does. */

import { mkdirSync, rmSync } from 'node:fs'
import { ROOT } from './packages.ts'

/** Makes `.<name>` beside the example's sources, and removes it afterwards. */
export function inExample<T>(name: string, use: (folder: string) => T): T {
  const folder = `${ROOT}examples/onboarding/src/.${name}`
  mkdirSync(folder, { recursive: true })
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Makes a folder, and removes it once its use has ended. @param path from the repository's root */
export async function inFolder<T>(path: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = `${ROOT}${path}`
  mkdirSync(folder, { recursive: true })
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
