/** `spaceship letters`: what was given up on, on the running ship or in an account: looking at it, and what is done about it. */

import type { Command } from 'commander'
import { ago, table, usage } from '../show/index.ts'
import { type ActOptions, discard, drain, letterNamed, redrive } from './letter-acts.ts'
import { addFilters, type Filters, passes } from './letter-filters.ts'
import { headAsJson, headOf, type LetterHead, letterAsJson, letterForPeople } from './letter-shown.ts'
import { mailOf, type Whereabouts } from './mail.ts'
import { createOldest } from './oldest.ts'
import type { Terminal } from './terminal.ts'

interface ListOptions extends Whereabouts, Filters {
  readonly limit: string
}

const WHERE = 'with the credentials of this terminal, instead of the running ship'

export function addLetters(program: Command, terminal: Terminal): void {
  const letters = program
    .command('letters')
    .summary('dead letters: list, show, redrive, drain, discard')
    .description('What the application has given up on, kept whole with its reason.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ spaceship letters list --route onboarding/welcome\n  $ spaceship letters show 1\n  $ spaceship letters redrive --reason exhausted --since 2h --dry-run\n  $ spaceship letters list --account',
    )

  addFilters(
    letters
      .command('list')
      .summary('what was given up on, oldest first')
      .description(
        'Lists the letters, oldest first. The number in front of a letter is short for its id, until letters before it are gone.',
      )
      .option('--limit <count>', 'how many at most', '50')
      .option('--account', WHERE)
      .option('--json', 'one letter a line, as JSON'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ spaceship letters list --reactor onboarding --since 1d --json | jq .id',
    )
    .action(async (_, command: Command) => list(terminal, command.optsWithGlobals<ListOptions>()))

  letters
    .command('show')
    .summary('one letter, with its record')
    .description('Shows a letter with the whole record: it may hold personal data.')
    .argument('<letter>', "its id, or its number in 'letters list'")
    .option('--account', WHERE)
    .option('--json', 'the letter as JSON')
    .addHelpText('after', '\nExample:\n  $ spaceship letters show 1')
    .action(async (given: string, _, command: Command) => {
      const options = command.optsWithGlobals<Whereabouts>()
      const letter = await letterNamed(await mailOf(terminal, options), given)
      terminal.out(options.json ? JSON.stringify(letterAsJson(letter)) : letterForPeople(letter))
    })

  addFilters(
    letters
      .command('redrive')
      .summary('put letters back on the stream')
      .description(
        'Puts letters back on the stream, oldest first: each runs for its own route, in its lane. Once it is done the letter is\nremoved; if it fails again it stays. What waits in a parked lane comes with the letter that it waits behind.',
      )
      .argument('[letter...]', "ids, or numbers in 'letters list'; none with a filter or --all")
      .option('--all', 'all letters')
      .option('--dry-run', 'says what would be put back, and does nothing')
      .option('--account', WHERE)
      .option('--json', 'a line for each letter, as JSON'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ spaceship letters redrive 1\n  $ spaceship letters redrive --route onboarding/welcome --dry-run',
    )
    .action(async (given: readonly string[], _, command: Command) =>
      redrive(terminal, given, command.optsWithGlobals<ActOptions>()),
    )

  letters
    .command('drain')
    .summary('run a parked lane in its order, and open it')
    .description(
      'Runs the records of a parked lane in their order, and opens the lane after the last. It ends at the first that fails.',
    )
    .argument('<letter>', "any letter of the lane: its id, or its number in 'letters list'")
    .option('--dry-run', 'says which lane would be drained, and does nothing')
    .option('--account', WHERE)
    .option('--json', 'the answer as JSON')
    .addHelpText('after', '\nExample:\n  $ spaceship letters drain 3')
    .action(async (given: string, _, command: Command) =>
      drain(terminal, given, command.optsWithGlobals<ActOptions>()),
    )

  addFilters(
    letters
      .command('discard')
      .summary('remove letters for good')
      .description(
        "Removes letters for good: their records are never handled, and nothing brings them back. Keep what you may need with\n'letters show <letter> --json'. What waits behind one in a parked lane goes on without it.",
      )
      .argument('[letter...]', "ids, or numbers in 'letters list'; none with a filter")
      .option('--dry-run', 'says what would be removed, and does nothing')
      .option('--account', WHERE)
      .option('--json', 'a line for each letter, as JSON'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ spaceship letters discard 1\n  $ spaceship letters discard --reason undecodable --dry-run',
    )
    .action(async (given: readonly string[], _, command: Command) =>
      discard(terminal, given, command.optsWithGlobals<ActOptions>()),
    )
}

async function list(terminal: Terminal, options: ListOptions): Promise<void> {
  const limit = Number(options.limit)
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw usage(`--limit is '${options.limit}': expected a whole number of at least 1`)
  const mail = await mailOf(terminal, options)
  const pass = passes(options, mail.now)
  const shown = createOldest<{ readonly number: number; readonly letter: LetterHead }>(limit, ({ letter }) =>
    letter.at.getTime(),
  )
  let number = 0
  let passing = 0
  for await (const letter of mail.deadLetters.list(mail.application)) {
    number += 1
    if (!pass(letter)) continue
    passing += 1
    shown.add({ number, letter: headOf(letter) })
  }
  const letters = shown.all()
  if (options.json) for (const { letter } of letters) terminal.out(JSON.stringify(headAsJson(letter)))
  const rows = letters.map(({ number, letter }) => rowOf(number, letter, mail.now))
  const left = passing - rows.length
  if (rows.length === 0)
    terminal.say(`${number === 0 ? 'no letter' : `none of ${number} letters passes the filters`}`)
  else if (!options.json)
    terminal.out(table(['#', 'when', 'route', 'reason', 'attempts', 'what', 'detail'], rows))
  // On standard error also beside JSON: who counts lines would take the limit for all there are.
  if (left > 0) terminal.say(`… ${left} more: --limit ${limit + left} shows them`)
}

function rowOf(number: number, letter: LetterHead, now: number): string[] {
  const { reactor, route, reason, attempts, at, lane, detail } = letter
  const path = route === undefined ? '-' : `${reactor}/${route}`
  return [
    String(number),
    ago(at, now),
    path,
    reason,
    String(attempts),
    lane === '' ? '-' : lane,
    firstLine(detail),
  ]
}

const firstLine = (text: string): string => text.split('\n')[0] ?? ''
