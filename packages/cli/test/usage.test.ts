/** What a user is told who asks wrongly, or for help. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { programOf } from '../src/program.ts'
import { CLIENT, CONFIG, GOOD, GREETER, MAIN, NODE, projectWith } from './project.ts'

const terminal = {
  cwd: '/',
  variables: {},
  out: () => {},
  say: () => {},
  input: async () => '',
  fail: () => {},
}

/** Those that users see, with their parents' names. */
const commands = (() => {
  const all: { path: string[]; help: string }[] = []
  const visit = (command: ReturnType<typeof programOf>, path: string[]) => {
    const written: string[] = []
    command.configureOutput({ writeOut: (text) => void written.push(text) })
    command.outputHelp()
    all.push({ path, help: written.join('') })
    for (const child of command.commands)
      if (!['complete', 'help'].includes(child.name())) visit(child, [...path, child.name()])
  }
  visit(programOf(terminal, '1.2.3'), [])
  return all
})()

test.each(commands.map(({ path, help }) => [path.join(' ') || '(none)', help]))(
  'the help of %s has an example that can be typed',
  (_, help) => {
    expect(help).toMatch(/\n\s+\$ (jq .* \| )?spaceship /)
  },
)

test.each([
  [['describ'], "unknown command 'describ'", 'Did you mean describe?'],
  [['lettres', 'list'], "unknown command 'lettres'", 'Did you mean letters?'],
  [['letters', 'lst'], "unknown command 'lst'", 'Did you mean list?'],
  [['describe', '--jsn'], "unknown option '--jsn'", 'Did you mean --json?'],
  [['letters', 'list', '--reactr', 'x'], "unknown option '--reactr'", 'Did you mean --reactor?'],
  [['dev', '--runtime', 'docker'], "argument 'docker' is invalid", 'Allowed choices are worker, lambda'],
  [['letters', 'show'], "missing required argument 'letter'", ''],
  [['letters', 'list', '--limit', 'many'], "--limit is 'many'", 'a whole number'],
  [['letters', 'redrive'], 'no letter is named', '--all'],
  [['letters', 'redrive', '1', '--all'], 'letters are named, and filters are given', 'one of the two'],
])(
  '%j is answered with what is wrong and what was meant, without a stack trace',
  async (args, wrong, meant) => {
    using project = projectWith(GOOD)
    const { code, err, out } = await project.spaceship(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(wrong)
    expect(err).toContain(meant)
    expect(err).not.toMatch(/\n\s+at /)
  },
)

test('a command outside of a project says how to begin one', async () => {
  using project = projectWith({})
  const { code, err } = await project.spaceship(['describe'])
  expect(code).toBe(3)
  expect(err).toContain('npm create spaceship')
})

test.each([
  ['put', 'client', '{}'],
  ['remove', 'client', 'x'],
  ['publish', 'invoice.paid', '{}'],
  ['letters', 'list'],
])('%s %s without a ship says how to start one', async (...args) => {
  using project = projectWith(GOOD)
  const { code, err } = await project.spaceship(args)
  expect(code).toBe(3)
  expect(err).toContain("start one with 'spaceship dev'")
})

test('a config is refused with all that is wrong with it', async () => {
  using project = projectWith({
    'spaceship.config.ts': `
      import { defineConfig } from '@spaceship/cli'
      export default defineConfig({ application: '', streams: [], reactor: () => [] } as never)`,
  })
  const { code, err } = await project.spaceship(['describe'])
  expect(code).toBe(2)
  for (const name of ['application', 'streams', 'reactors', "'reactor'"]) expect(err).toContain(name)
})

test('a config that does not compile is shown with its place', async () => {
  using project = projectWith({ ...GOOD, 'src/greeter.ts': `${GREETER}\nexport const broken = (` })
  const { code, err } = await project.spaceship(['describe'])
  expect(code).toBe(2)
  expect(err).toMatch(/src\/greeter\.ts:\d+:\d+/)
})

test('a project whose code fails is shown with the code that failed', async () => {
  using project = projectWith({
    'spaceship.config.ts': CONFIG.replace('[greeter]', '{ throw new Error("no warehouse") }'),
    'src/client.ts': CLIENT,
    'src/greeter.ts': GREETER,
  })
  const { code, err } = await project.spaceship(['describe'])
  expect(code).toBe(1)
  expect(err).toContain('no warehouse')
  expect(err).toContain('spaceship.config')
})

test('a config is found above, or where --config says', async () => {
  using project = projectWith({ 'ops/other.config.ts': CONFIG.replace("'./src", "'../src"), ...GOOD })
  const { out } = await project.spaceship(['describe', '--json', '--config', 'ops/other.config.ts'])
  expect(JSON.parse(out)).toMatchObject({ application: 'greeter' })
  const { code, err } = await project.spaceship(['describe', '--config', 'none.ts'])
  expect([code, err]).toEqual([3, expect.stringContaining('none.ts does not exist')])
})

test.each([
  ['', ['dev', 'put', 'remove', 'publish', 'letters', 'describe', 'build']],
  ['letters', ['list', 'show', 'redrive', 'drain']],
  ['dev --runtime', ['worker', 'lambda']],
  ['letters list --rea', ['--reason', '--reactor']],
])('completion behind "spaceship %s" offers %j', async (typed, expected) => {
  const words = typed === '' ? [] : typed.split(' ')
  const last = typed.endsWith('--rea') ? [] : ['']
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...NODE,
    MAIN,
    'complete',
    '--',
    ...words,
    ...last,
  ])
  const offered = stdout.split('\n').map((line) => line.split('\t')[0])
  for (const word of expected) expect(offered).toContain(word)
})

test.each([
  ['() => greeter', 0, ''],
  ['() => {}', 2, "'reactors[0]' is missing: expected a reactor, as in reactors: () => [onboarding(deps)]"],
  ['() => [greeter, greeter]', 2, "two reactors are named 'greeter'"],
])(
  'a project whose reactors are %s is described, or refused with what is wrong',
  async (reactors, code, wrong) => {
    using project = projectWith({
      ...GOOD,
      'spaceship.config.ts': CONFIG.replace('() => [greeter]', reactors),
    })
    const described = await project.spaceship(['describe'])
    expect(described.code, described.err).toBe(code)
    expect(described.err).toContain(wrong)
    expect(described.err).not.toMatch(/\n\s+at /)
  },
)

test.each([
  ['worker', 'src/wroker.ts'],
  ['lambda', 'src/lamda.ts'],
])("build refuses a config whose '%s' is a file that is not there", async (name, path) => {
  const config = CONFIG.replace("streams: ['cdc']", `streams: ['cdc'], ${name}: '${path}'`)
  using project = projectWith({ ...GOOD, 'spaceship.config.ts': config })
  const { code, err, out } = await project.spaceship(['build'])
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(`'${name}' is '${path}', which does not exist in ${project.root}`)
})

test('build bundles the module that is there, if the config names none', async () => {
  const { 'src/lambda.ts': _, ...files } = GOOD
  using project = projectWith(files)
  const { code, out } = await project.spaceship(['build', '--json'])
  expect([code, JSON.parse(out)]).toEqual([
    0,
    { built: [{ file: 'dist/worker.mjs', bytes: expect.any(Number) }] },
  ])
})

test('two entities of one name, and two keys of one table, are refused', async () => {
  const more = `
    import { entity } from '@spaceship/core'
    import * as z from 'zod'
    const schema = z.object({ id: z.string(), at: z.string() })
    const entities = [
      entity('client', { table: 'stock', key: 'id', schema }),
      entity('visit', { table: 'clients', key: { partition: 'id', sort: 'at' }, schema }),
    ]`
  const config = more + CONFIG.replace('reactors:', 'entities, reactors:')
  using project = projectWith({ ...GOOD, 'spaceship.config.ts': config })
  const { code, err } = await project.spaceship(['describe'])
  expect(code).toBe(2)
  expect(err).toContain("two entities are named 'client', of the tables 'stock' and 'clients'")
  expect(err).toContain(
    "the table 'clients' has the key (id, at) by the entity 'visit', and (id) by the entity 'client'",
  )
})

test('completion loads no ship: it is asked at each press of a key', async () => {
  const noting = `import { registerHooks } from 'node:module'
    registerHooks({ load: (url, context, next) => (process.stderr.write(url + '\\n'), next(url, context)) })`
  const hooks = `data:text/javascript,${encodeURIComponent(noting)}`
  const args = [...NODE, '--import', hooks, MAIN, 'complete', '--', 'letters', '']
  const { stderr } = await promisify(execFile)(process.execPath, args)
  const loaded = stderr.split('\n')
  expect(loaded.filter((url) => url.endsWith('cli/src/program.ts'))).toHaveLength(1)
  expect(loaded.filter((url) => /packages\/local\/|client-sfn|chokidar/.test(url))).toEqual([])
})

test.each(['bash', 'zsh'])('completion for %s is a script', async (shell) => {
  const { stdout } = await promisify(execFile)(process.execPath, [...NODE, MAIN, 'complete', shell])
  expect(stdout).toContain('spaceship')
  const { stderr } =
    shell === 'bash' ? await promisify(execFile)('bash', ['-n', '-c', stdout]) : { stderr: '' }
  expect(stderr).toBe('')
})
