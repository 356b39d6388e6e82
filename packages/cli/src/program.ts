/** Owns the command line: its commands, and what is said of a wrong one. */

import tab from '@bomb.sh/tab/commander'
import { Command, CommanderError } from 'commander'
import {
  addBackfill,
  addBuild,
  addDescribe,
  addDev,
  addLetters,
  addPublish,
  addRebuild,
  addReminders,
  addWrites,
  type Terminal,
} from './commands/index.ts'
import { EXIT, exitOf, messageOf } from './show/index.ts'

/** Never rejects: what goes wrong is said, and becomes the exit code. @param args behind the name of the command */
export async function runProgram(
  terminal: Terminal,
  version: string,
  args: readonly string[],
): Promise<void> {
  try {
    await programOf(terminal, version).parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) terminal.fail(error.exitCode === 0 ? EXIT.done : EXIT.usage)
    else {
      terminal.say(`spaceship: ${messageOf(error)}`)
      terminal.fail(exitOf(error))
    }
  }
}

const CODES = `
Exit codes: 0 done; 1 failed; 2 asked wrongly (flags, config, an item that does not fit its schema);
3 what is needed is not there (a project, a running ship, a letter, a reminder); 130 interrupted.`

export function programOf(terminal: Terminal, version: string): Command {
  const program = new Command('spaceship')
    .description(
      'Typed reactors for DynamoDB changes on Kinesis: run them, look at them, bring back what failed.',
    )
    .version(version, '-v, --version', 'the version')
    .option('-c, --config <file>', 'the config (default: the nearest spaceship.config.ts, here or above)')
    .helpOption('-h, --help', 'help, also of a command')
    .helpCommand('help [command]', 'help of a command')
    .showHelpAfterError('(add --help to see what there is)')
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.say(text.trimEnd()),
    })
    .addHelpText(
      'after',
      `${CODES}

Examples:
  $ spaceship dev                                an embedded ship with your reactors in it
  $ spaceship put client '{"id": "acme"}'        a row, whose change reaches them
  $ spaceship letters list                       what they gave up on
  $ spaceship reminders list                     what is due, and when

Completion: source <(spaceship complete bash), or zsh`,
    )
    .exitOverride()
  addDev(program, terminal)
  addWrites(program, terminal)
  addPublish(program, terminal)
  addLetters(program, terminal)
  addReminders(program, terminal)
  addBackfill(program, terminal)
  addRebuild(program, terminal)
  addDescribe(program, terminal)
  addBuild(program, terminal)
  tab(program)
  return program
}
