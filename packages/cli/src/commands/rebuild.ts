/** `spaceship rebuild`: an index that Spaceship keeps, made anew from its table. */

import { describe } from '@spaceship/core/engine'
import { createRebuild, type IndexKeeper, type RebuildProgress } from '@spaceship/handlers/opensearch'
import type { Command } from 'commander'
import { EXIT, table, usage } from '../show/index.ts'
import { auditor } from './audit.ts'
import { READING } from './backfill.ts'
import type { Whereabouts } from './mail.ts'
import type { Terminal } from './terminal.ts'
import { interruption, type Reading, teller, type Works, worksOf } from './works.ts'

interface Options extends Whereabouts, Reading {
  readonly index: string
  readonly list?: boolean
  readonly show?: string
  readonly removeOld?: boolean
  readonly acceptDifferences?: boolean
  readonly dryRun?: boolean
}

export function addRebuild(program: Command, terminal: Terminal): void {
  program
    .command('rebuild')
    .summary('an index made anew from its table')
    .description(
      'Makes a new version of an index from the table, while live changes go to the old and the new one; compares\nthem, and lets searches go to the new one. The old one stays until --remove-old. A run that was interrupted goes on.',
    )
    .requiredOption('--index <name>', 'the index, as searchIndex() is given it')
    .option('--list', 'shows the versions, and does nothing')
    .option('--show <version>', 'lets searches go to a version that is there, and does nothing else')
    .option('--remove-old', 'removes the versions that are not searched, and does nothing else')
    .option('--accept-differences', 'shows the new version although it differs from the old one')
    .option('--segments <count>', READING.segments)
    .option('--units <count>', READING.units)
    .option('--concurrency <count>', READING.concurrency)
    .option('--dry-run', 'says what would be done, and does nothing')
    .option('--account', READING.account)
    .option('--json', 'progress and result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ spaceship rebuild --index clients --units 500 --account\n  $ spaceship rebuild --index clients --list\n  $ spaceship rebuild --index clients --remove-old',
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const works = await worksOf(terminal, options)
      const keeper = keeperNamed(works, options.index)
      if (options.list) return list(terminal, keeper, options)
      const audited = auditor(terminal, works.application, options, 'rebuild')
      const { index, show, removeOld } = options
      if (show !== undefined) return showOne(terminal, keeper, show, options, audited)
      if (removeOld) return removeAll(terminal, keeper, options, audited)
      audited({ details: { index } })
      if (!options.dryRun) await rebuild(terminal, works, keeper, options)
    })
}

type Audited = ReturnType<typeof auditor>

async function rebuild(
  terminal: Terminal,
  works: Works,
  keeper: IndexKeeper,
  options: Options,
): Promise<void> {
  const { application, state } = works
  const { reactor, routes } = writersOf(works, options.index)
  const tell = teller(terminal, options.json)
  using signal = interruption()
  const result = await createRebuild({
    application,
    state,
    keeper,
    backfill: (run) => works.backfill({ reactor, routes, run }),
  }).run({
    signal,
    acceptDifferences: options.acceptDifferences === true,
    onProgress: (progress) => {
      if (progress.step === 'filling') tell(progress.backfill)
      else terminal.say(options.json ? JSON.stringify(progress) : wordsOf(progress))
    },
  })
  if (options.json) terminal.out(JSON.stringify(result))
  else if (result.complete)
    terminal.out(`${result.rows} rows are in version ${result.version}, which is searched`)
  if (result.complete) return
  terminal.say('interrupted: the same command goes on from here')
  terminal.fail(EXIT.interrupted)
}

function wordsOf({ step, version, ...more }: RebuildProgress): string {
  if (step === 'made') return `version ${version} is written from now on; in a moment every process does`
  if (step === 'shown') return `searches go to version ${version}`
  const {
    counts: [before, after] = [0, 0],
    sampled = 0,
    differing = [],
  } = ('comparison' in more ? more.comparison : undefined) ?? {}
  return `${after} documents, ${before} in the old version; of ${sampled} that were looked for, ${differing.length} differ`
}

/** The reactor whose routes write the index, and these. @throws SpaceshipError `usage` */
function writersOf({ known }: Works, index: string) {
  const found = known.reactors.flatMap((reactor) => {
    const routes = describe(reactor)
      .filter(({ needs }) => needs.some(({ verb, target }) => verb === 'indexes' && target === index))
      .map(({ route }) => route.slice(reactor.name.length + 1))
    return routes.length === 0 ? [] : [{ reactor, routes }]
  })
  const [one, ...others] = found
  if (one !== undefined && others.length === 0) return one
  const names = found.map(({ reactor }) => reactor.name).join(', ')
  throw usage(
    one === undefined
      ? `no route writes the index '${index}': expected one with search.index`
      : `the reactors ${names} write the index '${index}': expected one`,
  )
}

/** @throws SpaceshipError `usage` */
function keeperNamed({ keepers }: Works, name: string): IndexKeeper {
  const found = keepers.find(({ index }) => index.name === name)
  if (found !== undefined) return found
  const known = keepers.map(({ index }) => index.name).join(', ')
  throw usage(
    known === ''
      ? "the config names no index: expected 'indices: (variables) => [createSearch(...).keeper(clients)]' in defineConfig"
      : `the config names no index '${name}': expected ${known}`,
  )
}

async function list(terminal: Terminal, keeper: IndexKeeper, { json }: Options): Promise<void> {
  const versions = await keeper.list()
  if (json) return terminal.out(JSON.stringify(versions))
  if (versions.length === 0) return terminal.say('there is no version yet')
  const yes = (is: boolean) => (is ? 'yes' : 'no')
  const mine = keeper.index.hash
  terminal.out(
    table(
      ['version', 'searched', 'written', 'as the code has it'],
      versions.map(({ version, live, writable }) => [
        version,
        yes(live),
        yes(writable),
        yes(version.startsWith(mine)),
      ]),
    ),
  )
}

async function showOne(
  terminal: Terminal,
  keeper: IndexKeeper,
  version: string,
  { index, dryRun }: Options,
  audited: Audited,
): Promise<void> {
  const there = (await keeper.list()).map((one) => one.version)
  if (!there.includes(version))
    throw usage(`the index '${index}' has no version '${version}': expected ${there.join(', ')}`)
  audited({ details: { index, show: version } })
  if (dryRun) return
  await keeper.show(version)
  terminal.say(`searches go to version ${version}`)
}

async function removeAll(
  terminal: Terminal,
  keeper: IndexKeeper,
  { index, dryRun }: Options,
  audited: Audited,
): Promise<void> {
  const old = (await keeper.list()).filter(({ live }) => !live)
  for (const { version } of old) {
    audited({ details: { index, remove: version } })
    if (!dryRun) await keeper.remove(version)
  }
  if (old.length === 0) terminal.say('there is no version but the one that is searched')
}
