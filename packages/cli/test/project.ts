/** Owns projects of users for tests: a folder with files, in which commands are typed. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Terminal } from '../src/commands/index.ts'
import { runProgram } from '../src/program.ts'

/** Within the package, so that its dependencies are found as a user's are. */
const HOME = fileURLToPath(new URL('.projects/', import.meta.url))

/** The command, as a process: `node ...NODE MAIN`. */
export const NODE = ['--conditions=@spaceship/source']
export const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export const CLIENT = `
import { entity, event } from '@spaceship/core'
import * as z from 'zod'

export const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), plan: z.enum(['trial', 'paid']), seats: z.number().int().optional() }),
})
export const joined = Client.created('client.joined')
export const upgraded = Client.changed('client.upgraded', { plan: { from: 'trial', to: 'paid' } })
export const invoicePaid = event('invoice.paid', {
  schema: z.object({ clientId: z.string(), amount: z.number() }),
  key: (e) => e.clientId,
})
`

export const GREETER = `
import { reactor } from '@spaceship/core'
import { invoicePaid, joined, upgraded } from './client.ts'

export const greeter = reactor('greeter')
  .on('greet', joined, (e, { log }) => log.info('hello', { id: e.after.id }), { effect: 'claim' })
  .on('thank', upgraded, () => {})
  .on('book', invoicePaid, () => {})
`

export const CONFIG = `
import { defineConfig } from '@spaceship/cli'
import { greeter } from './src/greeter.ts'

export default defineConfig({ application: 'greeter', streams: ['cdc'], reactors: () => [greeter] })
`

export const WORKER = `
import { worker } from '@spaceship/runtime-k8s'
import { greeter } from './greeter.ts'

await using pod = worker([greeter], {
  application: 'greeter',
  streams: ['cdc'],
  poll: { interval: '200ms' },
  leases: { failover: '2s' },
})
await pod.run()
`

export const LAMBDA = `
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamodbDeadLetters, dynamodbState } from '@spaceship/handlers/dynamodb'
import { lambda } from '@spaceship/runtime-lambda'
import { greeter } from './greeter.ts'

const table = { client: new DynamoDBClient(), table: 'greeter-state', sorted: true }
export const handler = lambda(greeter, {
  application: 'greeter',
  state: dynamodbState(table),
  deadLetters: dynamodbDeadLetters(table),
})
`

/** A project that is in order. */
export const GOOD: Files = {
  'spaceship.config.ts': CONFIG,
  'src/client.ts': CLIENT,
  'src/greeter.ts': GREETER,
  'src/worker.ts': WORKER,
  'src/lambda.ts': LAMBDA,
}

type Files = Readonly<Record<string, string>>

export interface TestProject extends Disposable {
  readonly root: string
  write(files: Files): void
  /** Types a command, in this process. */
  spaceship(args: readonly string[], input?: string): Promise<Answer>
}

export interface Answer {
  readonly code: number
  readonly out: string
  readonly err: string
}

export function projectWith(files: Files): TestProject {
  mkdirSync(HOME, { recursive: true })
  const root = mkdtempSync(HOME)
  const write = (some: Files) => {
    for (const [path, text] of Object.entries(some)) {
      const file = join(root, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
  }
  write(files)
  return {
    root,
    write,
    spaceship: (args, input = '') => typed(root, args, input),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true, maxRetries: 5 }),
  }
}

async function typed(cwd: string, args: readonly string[], input: string): Promise<Answer> {
  const said = { out: [] as string[], err: [] as string[] }
  let code = 0
  const terminal: Terminal = {
    cwd,
    variables: { ...process.env },
    out: (text) => void said.out.push(text),
    say: (text) => void said.err.push(text),
    input: async () => input,
    fail: (given) => {
      code = given
    },
  }
  await runProgram(terminal, '0.0.0', args)
  return { code, out: said.out.join('\n'), err: said.err.join('\n') }
}
