/** Owns the `pnpm-workspace.yaml` of a project that pnpm installs. */

import type { Tarballs } from './tarballs.ts'

/**
 * pnpm fails an installation until each script of a dependency is allowed or refused. All are refused: what these packages need lies built in
 * their tarballs and in those of esbuild's platforms, so that no code of others runs while a project is installed.
 */
const REFUSED = ['classic-level', 'esbuild', 'leveldown']

/** @param tarballs what the project is installed from: pnpm takes what another package asks for from them only by an override */
export function workspaceOf(tarballs: Tarballs | undefined): string {
  const overrides = [...(tarballs ?? [])].map(([name, file]) => `  '${name}': ${JSON.stringify(file)}\n`)
  return [
    "# Scripts of dependencies: none is needed. 'false' refuses one, 'true' would run it.\n",
    'allowBuilds:\n',
    ...REFUSED.map((name) => `  ${name}: false\n`),
    ...(overrides.length === 0 ? [] : ['overrides:\n', ...overrides]),
  ].join('')
}
