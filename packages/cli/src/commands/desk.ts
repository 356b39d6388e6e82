/** Owns where an application's reminders are: as its config makes them, on the running ship or in the account of the terminal's credentials. */

import { SpaceshipError } from '@spaceship/core'
import type { ReminderDesk } from '@spaceship/core/reminders'
import { variablesOf } from '../project/index.ts'
import { runningShip } from '../ship/index.ts'
import type { Whereabouts } from './mail.ts'
import { projectOf, surroundings } from './project.ts'
import type { Terminal } from './terminal.ts'

export interface Desk {
  readonly application: string
  readonly desk: ReminderDesk
  /** When the command began, in milliseconds since 1970. */
  readonly now: number
}

/** @throws SpaceshipError `config` if the project says nothing of reminders */
export async function deskOf(terminal: Terminal, options: Whereabouts): Promise<Desk> {
  const project = await projectOf(terminal, options)
  const { application, reminders } = project.config
  if (reminders === undefined)
    throw new SpaceshipError(
      'configuration',
      "the config says nothing of reminders: expected 'reminders: (variables) => createReminders(...)' in defineConfig",
    )
  const variables = options.account
    ? terminal.variables
    : surroundings(variablesOf(project.config, (await runningShip(project)).environment, terminal.variables))
  return { application, desk: reminders(variables).desk, now: Date.now() }
}
