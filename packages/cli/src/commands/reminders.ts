/** `spaceship reminders`: what is due when, on the running ship or in an account: looking at it, cancelling it, sending it now. */

import { SpaceshipError } from '@spaceship/core'
import type { Listed, Outcome } from '@spaceship/core/reminders'
import type { Command } from 'commander'
import { table, took, usage } from '../show/index.ts'
import { auditor } from './audit.ts'
import { type Desk, deskOf } from './desk.ts'
import type { Whereabouts } from './mail.ts'
import { momentOf } from './moment.ts'
import type { Terminal } from './terminal.ts'

interface Range {
  readonly from?: string
  readonly to?: string
  readonly status?: string
}

interface ListOptions extends Whereabouts, Range {
  readonly limit: string
}

interface ActOptions extends Whereabouts, Range {
  readonly dryRun?: boolean
}

const WHERE = 'with the credentials of this terminal, instead of the running ship'
const STATUSES = ['pending', 'firing', 'handled', 'missed', 'cancelled', 'all'] as const

/** What is looked through if nothing is said. Milliseconds. */
const BEFORE = 3_600_000
const AHEAD = 7 * 86_400_000

const addRange = (command: Command): Command =>
  command
    .option('--from <time>', "due from then on: an ISO time, or how long ago, such as '2h' (default: 1h)")
    .option('--to <time>', "due before then: an ISO time, or from now, such as '3d' (default: 7d)")
    .option('--status <status>', `only those that are ${STATUSES.join(', ')} (default: pending)`)

export function addReminders(program: Command, terminal: Terminal): void {
  const reminders = program
    .command('reminders')
    .summary('reminders: list, inspect, cancel, fire')
    .description(
      'What is scheduled, and what became of it. The calendar is looked through by the time at which it is due.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ spaceship reminders list --to 1d\n  $ spaceship reminders inspect tutorial acme\n  $ spaceship reminders cancel tutorial acme --dry-run\n  $ spaceship reminders list --account',
    )

  addRange(
    reminders
      .command('list')
      .summary('what is due in a range of time')
      .description('Lists reminders by the time at which they are due.')
      .argument('[reminder]', 'only those of this name')
      .option('--limit <count>', 'how many at most', '50')
      .option('--account', WHERE)
      .option('--json', 'one reminder a line, as JSON'),
  )
    .addHelpText('after', '\nExample:\n  $ spaceship reminders list tutorial --from 1d --to 3d --status all')
    .action(async (reminder: string | undefined, _, command: Command) =>
      list(terminal, reminder, command.optsWithGlobals<ListOptions>()),
    )

  reminders
    .command('inspect')
    .summary('one reminder, with its payload')
    .description(
      'Shows a reminder with its payload, which may hold personal data, and what its scheduler says of it.',
    )
    .argument('<reminder>', 'its name')
    .argument('<key>', 'its key')
    .option('--account', WHERE)
    .option('--json', 'the reminder as JSON')
    .addHelpText('after', '\nExample:\n  $ spaceship reminders inspect tutorial acme')
    .action(async (reminder: string, key: string, _, command: Command) => {
      const options = command.optsWithGlobals<Whereabouts>()
      const { desk } = await deskOf(terminal, options)
      const found = await desk.inspect(reminder, key)
      if (found === undefined) throw unknown(reminder, key)
      terminal.out(options.json ? JSON.stringify(found) : detailsOf(found))
    })

  for (const [verb, summary, description] of [
    [
      'cancel',
      'cancel what is pending',
      'Cancels reminders that are pending, and says if that came too late.',
    ],
    [
      'fire',
      'send what is pending now',
      'Sends reminders now instead of when they are due. Each looks at its row once more: who needs none gets none.',
    ],
  ] as const)
    addRange(
      reminders
        .command(verb)
        .summary(summary)
        .description(description)
        .argument('<reminder>', 'its name')
        .argument('[key]', 'its key; none with --from or --to')
        .option('--dry-run', 'says which, and does nothing')
        .option('--account', WHERE)
        .option('--json', 'a line for each reminder, as JSON'),
    )
      .addHelpText(
        'after',
        `\nExamples:\n  $ spaceship reminders ${verb} tutorial acme\n  $ spaceship reminders ${verb} tutorial --from 1h --to 1d --dry-run`,
      )
      .action(async (reminder: string, key: string | undefined, _, command: Command) =>
        act(terminal, verb, reminder, key, command.optsWithGlobals<ActOptions>()),
      )
}

async function list(terminal: Terminal, reminder: string | undefined, options: ListOptions): Promise<void> {
  const limit = Number(options.limit)
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw usage(`--limit is '${options.limit}': expected a whole number of at least 1`)
  const range = rangeOf(options)
  const { desk, now } = await deskOf(terminal, options)
  const rows: string[][] = []
  let left = 0
  for await (const one of found(desk, reminder, range, now)) {
    if (rows.length === limit) {
      left += 1
      continue
    }
    rows.push([
      inWords(one.dueAt, now),
      one.reminder,
      one.key,
      one.status,
      String(one.generation),
      one.scheduler ?? '-',
    ])
    if (options.json) terminal.out(JSON.stringify({ ...one, payload: undefined }))
  }
  if (rows.length === 0) terminal.say('no reminder is due in that time')
  else if (!options.json)
    terminal.out(table(['due', 'reminder', 'key', 'status', 'generation', 'scheduler'], rows))
  // On standard error also beside JSON: who counts lines would take the limit for all there are.
  if (left > 0) terminal.say(`… ${left} more: --limit ${limit + left} shows them`)
}

async function act(
  terminal: Terminal,
  verb: 'cancel' | 'fire',
  reminder: string,
  key: string | undefined,
  options: ActOptions,
): Promise<void> {
  const isRange = options.from !== undefined || options.to !== undefined
  if ((key === undefined) !== isRange)
    throw usage(
      isRange
        ? 'a key and a range of time are given: expected one of the two'
        : 'no reminder is named: expected a key, or a range of time with --from or --to',
    )
  const range = rangeOf(options)
  const { application, desk, now } = await deskOf(terminal, options)
  const audited = auditor(terminal, application, options, verb)
  const counts = new Map<string, number>()
  const one = async (of: string) => {
    const result = options.dryRun ? undefined : (await desk[verb](reminder, of)).result
    audited({
      details: { reminder, key: of, ...(result === undefined ? {} : { result: worded(verb, result) }) },
    })
    const what = result === undefined ? `would be asked to ${verb}` : worded(verb, result)
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  if (key === undefined) {
    // All of them are found before the first is touched: what moves would be found again.
    const keys: string[] = []
    for await (const listed of found(desk, reminder, range, now)) keys.push(listed.key)
    for (const of of keys) await one(of)
  } else {
    if ((await desk.inspect(reminder, key)) === undefined) throw unknown(reminder, key)
    await one(key)
  }
  if (counts.size === 0) terminal.say('no reminder is due in that time')
  for (const [what, count] of counts) terminal.say(`${count} ${what}`)
}

/** What has become of a reminder that was fired is that it is due now. */
function worded(verb: 'cancel' | 'fire', result: Outcome['result']): string {
  if (verb === 'fire' && (result === 'scheduled' || result === 'unchanged')) return 'due now'
  return result
}

interface Asked {
  readonly status: string
  from(now: number): Date
  to(now: number): Date
}

/** @throws SpaceshipError `usage` for a range that makes no sense */
function rangeOf({ from, to, status = 'pending' }: Range): Asked {
  if (!STATUSES.some((known) => known === status))
    throw usage(`--status is '${status}': expected ${STATUSES.join(', ')}`)
  const [first, last] = [momentOf('--from', from, 'ago'), momentOf('--to', to, 'ahead')]
  return {
    status,
    from: (now) => new Date(first?.(now) ?? now - BEFORE),
    to: (now) => new Date(last?.(now) ?? now + AHEAD),
  }
}

async function* found(
  desk: Desk['desk'],
  reminder: string | undefined,
  { status, from, to }: Asked,
  now: number,
): AsyncGenerator<Listed> {
  for await (const one of desk.list({ from: from(now), to: to(now) }))
    if ((reminder === undefined || one.reminder === reminder) && (status === 'all' || one.status === status))
      yield one
}

function inWords(dueAt: Date | undefined, now: number): string {
  if (dueAt === undefined) return '-'
  const ahead = dueAt.getTime() - now
  return ahead >= 0 ? `in ${took(ahead)}` : `${took(-ahead)} ago`
}

function detailsOf(one: Record<string, unknown> | object): string {
  const rows = Object.entries(one).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [
          [
            name,
            value instanceof Date
              ? value.toISOString()
              : typeof value === 'string'
                ? value
                : JSON.stringify(value),
          ],
        ],
  )
  return table(['field', 'value'], rows)
}

function unknown(reminder: string, key: string): SpaceshipError {
  return new SpaceshipError(
    'no-reminder',
    `nobody has scheduled the reminder '${reminder}' of '${key}', or it was forgotten since: 'spaceship reminders list' shows what is due`,
  )
}
