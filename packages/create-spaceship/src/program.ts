/** Owns the command line of `npm create spaceship`. */

import { Command, CommanderError, Option } from 'commander'
import { create, type PackageManager, WORDS } from './create.ts'
import { ask } from './questions.ts'
import { SpaceshipCreateError } from './refusal.ts'
import { quoted } from './shell.ts'
import { present, type TemplateName, templateOf } from './templates.ts'

export interface Surroundings {
  /** What runs this command, as it calls itself: npm's `npm_config_user_agent`. */
  readonly agent: string
  /** Whether somebody can be asked. */
  readonly asked: boolean
  /** Whether the shell is one of Windows. */
  readonly windows: boolean
  say(text: string): void
  /** @returns its exit code */
  run(command: string, args: readonly string[], folder: string): Promise<number>
}

interface Options {
  readonly template?: TemplateName
  readonly packageManager?: PackageManager
  readonly install: boolean
  readonly packages?: string
  readonly yes?: boolean
}

const DEFAULT = 'my-reactors'
const AGENT = /^(npm|pnpm|yarn)\//

/** @returns the exit code: 0 done, 1 the installation failed, 2 asked wrongly, 130 given up */
export async function runProgram(
  args: readonly string[],
  version: string,
  around: Surroundings,
): Promise<number> {
  let code = 0
  const program = new Command('create-spaceship')
    .description('A project with an entity, a reactor, its test, a Lambda function and a worker.')
    .version(version, '-v, --version')
    .argument('[folder]', `where to; its name becomes the project's (default: ${DEFAULT})`)
    .addOption(new Option('-t, --template <name>', templates()).choices([...present()]))
    .addOption(
      new Option('--package-manager <name>', 'what installs (default: what runs this)').choices(
        Object.keys(WORDS),
      ),
    )
    .option('--no-install', 'leaves the installation to you')
    .option('--packages <folder>', "tarballs of Spaceship's packages, instead of the registry's")
    .option('-y, --yes', 'asks nothing: defaults for what no flag says')
    .addHelpText(
      'after',
      '\nExamples:\n  $ npm create spaceship\n  $ npm create spaceship@latest orders -- --template shared-table --yes',
    )
    .configureOutput({
      writeOut: (text) => around.say(text.trimEnd()),
      writeErr: (text) => around.say(text.trimEnd()),
    })
    .showHelpAfterError('(add --help to see what there is)')
    .exitOverride()
    .action(async (folder: string | undefined, options: Options) => {
      code = await made(folder, options, around)
    })
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof SpaceshipCreateError)) throw error
    around.say(`create-spaceship: ${error.message}`)
    return 2
  }
}

async function made(given: string | undefined, options: Options, around: Surroundings): Promise<number> {
  const { yes = false, packages, install } = options
  const quiet = yes || !around.asked
  const answers = quiet
    ? { folder: given ?? DEFAULT, template: options.template ?? 'minimal' }
    : await ask({ folder: given, template: options.template, standard: DEFAULT })
  if (answers === undefined) return 130
  const [, agent] = AGENT.exec(around.agent) ?? []
  // The pattern knows these three alone.
  const manager = options.packageManager ?? ((agent ?? 'npm') as PackageManager)
  const { folder, name, files } = create({ ...answers, manager, packages })
  around.say(`${name}: ${files.length} files in ${folder}`)
  const installed = install && (await around.run(manager, ['install'], folder)) === 0
  const failed = install && !installed
  if (failed) around.say(`the installation failed, for what ${manager} says above`)
  const { run, exec } = WORDS[manager]
  const steps = [
    `cd ${quoted(answers.folder, around.windows)}`,
    ...(installed ? [] : [`${manager} install`]),
    `${run} test`,
    `${run} dev`,
    `${exec} spaceship --help`,
  ]
  around.say(
    `\nNext:\n${steps.map((step) => `  ${step}`).join('\n')}\n\nThe README says what to type while 'dev' runs.`,
  )
  return failed ? 1 : 0
}

function templates(): string {
  return `what to begin with (default: minimal):\n${present()
    .map((name) => `  ${name}: ${templateOf(name).summary}`)
    .join('\n')}\n`
}
