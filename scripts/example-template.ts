/** Owns the template that is the example: its code stands in the repository once, with a name of its own. */

import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { ROOT } from './packages.ts'

/** How the example names its application, and how a template does: claims, reminders and leases are kept under that name. */
const OWN = "application = 'onboarding'"
const PLACEHOLDER = "application = '{{name}}'"

/** @throws if the example names its application in another way */
export function copyExample(template: string): void {
  for (const part of ['src', 'spaceship.config.ts']) {
    rmSync(`${template}/${part}`, { recursive: true, force: true })
    cpSync(`${ROOT}examples/onboarding/${part}`, `${template}/${part}`, { recursive: true })
  }
  const file = `${template}/src/environment.ts`
  const text = readFileSync(file, 'utf8')
  if (text.split(OWN).length !== 2)
    throw new Error(`${file}: expected "${OWN}" once, which a project fills in`)
  writeFileSync(file, text.replace(OWN, PLACEHOLDER))
}
