/** Owns what a release does to the changelog: what stands under "Unreleased" becomes the section of the version. */

export interface Released {
  readonly changelog: string
  /** What the version brings, without its heading. */
  readonly notes: string
}

const UNRELEASED = /\n## Unreleased\n(.*?)(?=\n## |$)/s

/**
 * Undefined if nothing stands under "Unreleased".
 *
 * @param date as `2026-11-28`
 * @throws if the changelog has no such section, or already one of the version
 */
export function releasedIn(changelog: string, version: string, date: string): Released | undefined {
  const [section, body] = UNRELEASED.exec(changelog) ?? []
  if (section === undefined || body === undefined)
    throw new Error("CHANGELOG.md has no section '## Unreleased'")
  if (changelog.includes(`\n## ${version} `))
    throw new Error(`CHANGELOG.md already has a section of ${version}`)
  const notes = body.trim()
  if (notes.replaceAll(/^#.*$/gm, '').trim() === '') return undefined
  const replaced = `\n## Unreleased\n\n## ${version} - ${date}\n\n${notes}\n`
  return { changelog: `${changelog.replace(section, () => replaced).trimEnd()}\n`, notes }
}
