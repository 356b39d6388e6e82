/**
 * `npm run lane:create`: a new project as a user makes it. npm runs `create-spaceship` from its tarball in an empty folder outside of the
 * repository; then the project's own scripts run: its test, its types, its build, and `dev`, in which a row that its README tells to put reaches
 * the reactor. pnpm installs each template, too, and runs its test: it fails where a script of a dependency is
 * neither allowed nor refused. Prints the seconds of each.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { command, QUIET, secondsSince, step } from '../lane-steps.ts'
import { packages, ROOT } from '../packages.ts'
import { run } from '../run.ts'
import { packInto } from '../tarballs.ts'

/** Those of `dev` that each template is tried with. */
const TEMPLATES = {
  minimal: ['worker', 'lambda'],
  onboarding: ['worker'],
  'shared-table': ['lambda'],
} as const

type Template = keyof typeof TEMPLATES

/** What a deployment would set: nobody is called at construction. */
const VARIABLES = {
  AWS_REGION: 'us-east-1',
  SEARCH_URL: 'http://127.0.0.1:9',
  SLACK_TOKEN: 'xoxb-none',
  STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:reminders',
  STATE_TABLE: 'state',
}

const PNPM = 'pnpm@12.21.0'

/** Milliseconds. A machine that is busy is slow, but not for ever. */
const LONGEST = 30_000

const folder = mkdtempSync(join(tmpdir(), 'spaceship-create-'))
const began = performance.now()
try {
  const tarballs = join(folder, 'tarballs')
  mkdirSync(tarballs)
  const built = packages.every((one) => existsSync(`${one.folder}/dist`))
  const packed = await step('npm packs the packages', () => packInto(tarballs, ROOT, !built))
  const tarball = packed.find(({ name }) => name === 'create-spaceship')?.file ?? ''
  const wanted = Object.keys(TEMPLATES) as Template[] // of the object above
  // The first fills npm's cache; the others wait for disks more than they work.
  const [first, ...others] = wanted
  if (first !== undefined) await project(first, tarball, tarballs)
  await Promise.all(others.map((template) => project(template, tarball, tarballs)))
  for (const template of wanted) await projectOfPnpm(template, tarball, tarballs)
  console.log(`lane 'create' passed in ${secondsSince(began)} s`)
} catch (error) {
  console.error(
    `lane 'create' failed after ${secondsSince(began)} s: ${error instanceof Error ? error.message : error}`,
  )
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}

/** @returns its folder, without an installation */
async function made(name: string, tarball: string, flags: readonly string[]): Promise<string> {
  const create = ['create-spaceship', name, '--yes', '--no-install', ...flags]
  const exec = ['exec', '--yes', '--prefer-offline', `--package=${tarball}`, '--', ...create]
  await command(folder, 'npm', ...exec)
  return join(folder, name)
}

async function projectOfPnpm(template: Template, tarball: string, tarballs: string): Promise<void> {
  const flags = ['--packages', tarballs, '--template', template, '--package-manager', 'pnpm']
  await step(`${template}: pnpm installs it, and its test passes`, async () => {
    const home = await made(`pnpm-${template}`, tarball, flags)
    await command(home, 'npx', '-y', PNPM, 'install', '--prefer-offline')
    await command(home, 'npx', '-y', PNPM, 'test')
  })
}

async function project(template: Template, tarball: string, tarballs: string): Promise<void> {
  const flags = ['--packages', tarballs, '--template', template]
  const home = await step(`${template}: npm makes it`, () => made(`app-${template}`, tarball, flags))
  await step(`${template}: npm installs it`, () => command(home, 'npm', 'install', ...QUIET))
  // Two projects of one name would share what they remember in an account.
  const environment = readFileSync(join(home, 'src/environment.ts'), 'utf8')
  if (!environment.includes(`application = 'app-${template}'`))
    throw new Error(`${template}: the application has another name than the project`)
  const first = performance.now()
  await step(`${template}: its test passes`, () => command(home, 'npm', 'test'))
  for (const runtime of TEMPLATES[template])
    await step(`${template}: dev runs it as a ${runtime}, and the README's rows reach it`, () =>
      flown(home, runtime),
    )
  console.log(
    `  ${template}: ${secondsSince(first)} s from the installation to a passing test and a running reactor`,
  )
  await step(`${template}: its types are right`, () => command(home, 'npm', 'run', 'check'))
  await step(`${template}: it is built`, () => command(home, 'npm', 'run', 'build'))
  for (const file of ['dist/lambda.cjs', 'dist/worker.mjs'])
    if (!existsSync(join(home, file))) throw new Error(`${template}: build made no ${file}`)
  const variables = JSON.stringify(VARIABLES)
  const handler = `Object.assign(process.env, ${variables}); const { handler } = require('./dist/lambda.cjs'); if (typeof handler !== 'function') process.exit(1)`
  await command(home, process.execPath, '--eval', handler)
}

/** Types what the README says, and waits until each has led to something. */
async function flown(home: string, runtime: string): Promise<void> {
  const readme = readFileSync(join(home, 'README.md'), 'utf8')
  const typed = [...readme.matchAll(/^npx (spaceship (?:put|publish|remove) .*)$/gm)]
  if (typed.length < 2) throw new Error(`${home}: the README tells to type ${typed.length} commands`)
  const bin = join(home, 'node_modules/.bin')
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  const child = spawn(`${bin}/spaceship`, ['dev', '--json', '--runtime', runtime], {
    cwd: home,
    stdio: [...stdio],
  })
  const told = listenTo(child)
  try {
    await told.next(({ type }) => type === 'running')
    for (const [, line = ''] of typed) {
      const done = told.next(
        ({ type, step }) => type === 'unwanted' || (type === 'outcome' && step === 'done'),
      )
      const { code, output } = await run('sh', ['-c', `${bin}/${line}`], home)
      if (code !== 0) throw new Error(`${line}\n${output}`)
      await done
    }
    const gone = once(child, 'close')
    child.kill('SIGINT')
    const [code] = await gone
    if (code !== 0) throw new Error(`dev ended with ${code}`)
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`${error instanceof Error ? error.message : error}\n${told.lines.join('\n')}`)
  }
}

interface Line {
  readonly type?: string
  readonly step?: string
}

/** What a `dev --json` says. */
function listenTo({ stdout, stderr }: ChildProcess) {
  const lines: string[] = []
  let hear = (_: Line) => {}
  for (const stream of [stdout, stderr])
    if (stream !== null)
      createInterface(stream).on('line', (line) => {
        lines.push(line)
        if (line.startsWith('{')) hear(JSON.parse(line))
      })
  return {
    lines,
    /** Resolves at the first line from now on that passes. */
    next: (pass: (line: Line) => boolean): Promise<void> => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const timer = setTimeout(() => reject(new Error('dev did not say what was waited for')), LONGEST)
      hear = (line) => {
        if (!pass(line)) return
        clearTimeout(timer)
        resolve()
      }
      return promise
    },
  }
}
