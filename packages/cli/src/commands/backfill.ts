/** `spaceship backfill`: the rows of a table through routes of a reactor, beside live traffic. */

import type { Command } from 'commander'
import { EXIT } from '../show/index.ts'
import { auditor } from './audit.ts'
import type { Whereabouts } from './mail.ts'
import type { Terminal } from './terminal.ts'
import { interruption, progressForPeople, type Reading, reactorNamed, teller, worksOf } from './works.ts'

interface Options extends Whereabouts, Reading {
  readonly reactor: string
  readonly table?: string
  readonly route?: readonly string[]
  readonly run?: string
  readonly anew?: boolean
  readonly dryRun?: boolean
}

export const READING = {
  segments: 'segments of the table that are read at the same time (default: 4)',
  units:
    'read units a second at most, as the table counts them (default: as fast as the handlers take the rows)',
  concurrency: 'handlers that run at the same time, for each segment (default: 256)',
  account: 'with the credentials of this terminal, instead of the running ship',
}

export function addBackfill(program: Command, terminal: Terminal): void {
  program
    .command('backfill')
    .summary('the rows of a table through a reactor')
    .description(
      "Runs the rows of a table through routes of a reactor on 'saved' events, beside live traffic.\nWhat is changed meanwhile wins. A run that was interrupted goes on with the same command.",
    )
    .requiredOption('--reactor <name>', 'the reactor')
    .option('--table <name>', 'the table (default: that of the routes)')
    .option(
      '--route <id...>',
      "routes that get each row (default: those on 'saved' events that are idempotent)",
    )
    .option('--segments <count>', READING.segments)
    .option('--units <count>', READING.units)
    .option('--concurrency <count>', READING.concurrency)
    .option('--run <name>', "names the run (default: the reactor's and the table's names)")
    .option('--anew', 'begins from the start, whatever an earlier run has done')
    .option('--dry-run', 'says which routes of which table, and does nothing')
    .option('--account', READING.account)
    .option('--json', 'progress and result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ spaceship backfill --reactor onboarding --dry-run\n  $ spaceship backfill --reactor onboarding --route index --units 500 --account',
    )
    .action(async (_, command: Command) => run(terminal, command.optsWithGlobals<Options>()))
}

async function run(terminal: Terminal, options: Options): Promise<void> {
  const works = await worksOf(terminal, options)
  const backfill = works.backfill({
    reactor: reactorNamed(works.known, options.reactor),
    ...(options.route !== undefined && { routes: options.route }),
    ...(options.table !== undefined && { table: options.table }),
    ...(options.run !== undefined && { run: options.run }),
  })
  const { table, routes } = backfill
  const about = { reactor: options.reactor, details: { table, routes, anew: options.anew === true } }
  auditor(terminal, works.application, options, 'backfill')(about)
  if (options.dryRun) return
  using signal = interruption()
  const onProgress = teller(terminal, options.json)
  const result = await backfill.run({ signal, onProgress, anew: options.anew === true })
  terminal.out(options.json ? JSON.stringify(result) : progressForPeople(result))
  if (result.complete) return
  terminal.say('interrupted: the same command goes on from here')
  terminal.fail(EXIT.interrupted)
}
