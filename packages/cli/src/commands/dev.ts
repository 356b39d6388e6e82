/** `spaceship dev`: an embedded ship, the project's reactors in it, and what becomes of each record. */

import { type Command, Option } from 'commander'
import type { Heard, Plan } from '../dev/index.ts'
import { projectAt } from '../project/index.ts'
import { EXIT, messageOf, paint } from '../show/index.ts'
import type { Common } from './project.ts'
import type { Terminal } from './terminal.ts'

interface Options extends Common {
  readonly runtime: 'worker' | 'lambda'
  readonly data?: string
  readonly verbose?: boolean
}

export function addDev(program: Command, terminal: Terminal): void {
  program
    .command('dev')
    .summary('run the reactors in an embedded ship')
    .description(
      'Starts an embedded ship (DynamoDB, Kinesis, search, Slack, scheduler: no account, no Docker) with the tables and\nstreams of the project, and its reactors in it, from the files of production. A change of a file runs the new version\nonce what is in flight has ended. Control-C drains and ends; twice, it ends at once.',
    )
    .addOption(
      new Option('--runtime <runtime>', 'how the reactors run')
        .choices(['worker', 'lambda'])
        .default('worker'),
    )
    .option('--data <folder>', 'keep the data of the ship there (default: in memory)')
    .option('--verbose', 'also what the engine and the runtime say of their work')
    .option('--json', 'what happens as lines of JSON, for machines')
    .addHelpText('after', '\nExamples:\n  $ spaceship dev\n  $ spaceship dev --runtime lambda --data .data')
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const ending = new AbortController()
      const end = () => {
        if (ending.signal.aborted) process.exit(EXIT.interrupted)
        ending.abort()
        terminal.say('draining: what is in flight ends first')
      }
      process.on('SIGINT', end).on('SIGTERM', end)
      // A ship is most of what there is to load, and other commands need none.
      const { session, shownLine, shownTrail } = await import('../dev/index.ts')
      const hear = options.json
        ? heardByMachines(terminal)
        : heardByPeople(terminal, options, { shownLine, shownTrail })
      const { runtime, data } = options
      await session({
        ...projectAt(terminal.cwd, options.config),
        runtime,
        data,
        variables: terminal.variables,
        signal: ending.signal,
        hear,
      })
      terminal.fail(EXIT.done)
    })
}

function heardByPeople(
  terminal: Terminal,
  { runtime, verbose = false }: Options,
  { shownLine, shownTrail }: Pick<typeof import('../dev/index.ts'), 'shownLine' | 'shownTrail'>,
): Heard {
  const columns = process.stdout.columns ?? 100
  const width = ({ routes }: Plan) => Math.max('no route'.length, ...routes.map((route) => route.length))
  return {
    flying: ({ endpoints }, { application, tables, streams }) => {
      terminal.out(`${paint('bold', 'spaceship dev')}  ${application}, as a ${runtime}\n`)
      for (const [name, url] of Object.entries(endpoints))
        terminal.out(`  ${name.padEnd(10)} ${paint('cyan', url)}`)
      for (const table of tables)
        terminal.out(`  ${'table'.padEnd(10)} ${table.name} -> ${table.stream ?? 'no stream'}`)
      terminal.out(`  ${'streams'.padEnd(10)} ${streams.join(', ')}\n`)
    },
    running: ({ examples }, again) => {
      if (again) return terminal.out(paint('green', 'the new version runs'))
      terminal.out(paint('green', 'the reactors run; files are watched'))
      if (examples.length > 0)
        terminal.out(`\nIn another terminal:\n${examples.map((text) => `  ${text}`).join('\n')}\n`)
    },
    told: (told, plan) => {
      const line = shownTrail(told, width(plan), new Date())
      if (line !== undefined) terminal.out(line)
    },
    printed: (line) => {
      const shown = shownLine(line, verbose, columns)
      if (shown !== undefined) terminal.out(shown)
    },
    said: (text) => terminal.out(paint('yellow', text)),
    refused: (error, former) => {
      terminal.out(paint('red', messageOf(error)))
      terminal.out(paint('yellow', former ? 'the former version runs on' : 'waiting for a change of a file'))
    },
    posted: (channel, text) =>
      terminal.out(`${' '.repeat(11)}${paint('cyan', 'slack')} ${channel}  ${seen(text)}`),
  }
}

/** Slack gets `&`, `<` and `>` escaped, and shows them as they are. */
const seen = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

function heardByMachines(terminal: Terminal): Heard {
  const write = (type: string, fields: object) =>
    terminal.out(JSON.stringify({ type, at: new Date().toISOString(), ...fields }))
  return {
    flying: ({ endpoints }, { application, streams }) => write('flying', { application, streams, endpoints }),
    running: (_, again) => write('running', { again }),
    told: (told) => write(told.kind, told),
    printed: (line) => write('printed', { line }),
    said: (text) => write('said', { text }),
    refused: (error, former) => write('refused', { message: messageOf(error), former }),
    posted: (channel, text) => write('posted', { channel, text }),
  }
}
