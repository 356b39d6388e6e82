/** Owns the versions of the manifests: all packages have one, and name each other by it. */

const SHAPE = /^(\d+)\.(\d+)\.(\d+)$/

/**
 * @param wanted `major`, `minor`, `patch`, or a version
 * @throws if that is no version, or none above the present one
 */
export function nextVersion(present: string, wanted: string): string {
  const [, major, minor, patch] = (SHAPE.exec(present) ?? []).map(Number)
  if (major === undefined || minor === undefined || patch === undefined)
    throw new Error(`the present version is '${present}': expected three numbers`)
  const steps: Readonly<Record<string, string>> = {
    major: `${major + 1}.0.0`,
    minor: `${major}.${minor + 1}.0`,
    patch: `${major}.${minor}.${patch + 1}`,
  }
  const next = steps[wanted] ?? wanted
  const [, ...numbers] = (SHAPE.exec(next) ?? []).map(Number)
  if (numbers.length !== 3)
    throw new Error(
      `the version is '${wanted}': expected major, minor, patch or three numbers such as ${steps.minor}`,
    )
  const above = numbers
    .map((number, i) => number - ([major, minor, patch][i] ?? 0))
    .find((rest) => rest !== 0)
  if (above === undefined || above < 0)
    throw new Error(`the version is ${next}: expected one above ${present}`)
  return next
}

const KINDS = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'] as const

/** The text of a `package.json` with the version, for itself and for the packages of the repository that it names. */
export function manifestAt(text: string, version: string): string {
  const manifest = JSON.parse(text)
  manifest.version = version
  for (const kind of KINDS)
    for (const name of Object.keys(manifest[kind] ?? {}))
      if (name.startsWith('@spaceship/')) manifest[kind][name] = version
  return `${JSON.stringify(manifest, null, 2)}\n`
}
