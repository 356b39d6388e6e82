/** Owns folders in the example application, in which TypeScript finds all packages as a user's project does. */

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
