/** Owns the reference of log fields: the section of core's README, which a test of core holds to the source. */

import { readFileSync } from 'node:fs'

const SECTION = '## What is logged'

export function logReference(root: string): string {
  const readme = readFileSync(`${root}packages/core/README.md`, 'utf8')
  const from = readme.indexOf(SECTION)
  const to = readme.indexOf('\n## ', from + SECTION.length)
  if (from === -1 || to === -1) throw new Error(`packages/core/README.md has no section '${SECTION}'`)
  return readme.slice(from, to).replace(SECTION, '# Log fields')
}
