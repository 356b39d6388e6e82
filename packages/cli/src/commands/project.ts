/** Owns what commands have in common: the project that they are about, with its reactors made. */

import { type Known, knownOf, loadProject, type Project, variablesOf } from '../project/index.ts'
import type { Terminal } from './terminal.ts'

/** What every command takes. */
export interface Common {
  readonly config?: string
  readonly json?: boolean
}

/**
 * The project with its reactors, made as on the ship.
 *
 * @param ship what leads to it
 * @throws SpaceshipError, ConfigurationError
 */
export async function knownProject(
  terminal: Terminal,
  project: Project,
  ship: Readonly<Record<string, string>>,
): Promise<Known> {
  const { config } = project
  const variables = surroundings(variablesOf(config, ship, terminal.variables))
  return knownOf(config, await config.reactors(variables))
}

export const projectOf = (terminal: Terminal, { config }: Common): Promise<Project> =>
  loadProject(terminal.cwd, config)

/** Makes them the variables of this process, where clients of AWS look for theirs. */
export function surroundings(variables: Record<string, string>): Record<string, string> {
  for (const name of Object.keys(process.env)) if (!(name in variables)) delete process.env[name]
  Object.assign(process.env, variables)
  return variables
}
