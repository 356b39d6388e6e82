/** What the type checker says of a mistake leads to what is right: it shows the allowed forms, not the name that stands for them. */

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inExample } from './example-folder.ts'
import { ROOT } from './packages.ts'
import { tool } from './run.ts'

const HEAD = `import { entity, reactor, reminder, type Reminders } from '@spaceship/core'
import * as z from 'zod'
const schema = z.object({ id: z.string(), name: z.string(), plan: z.enum(['trial', 'paid']) })
const Client = entity('client', { table: 'clients', key: 'id', schema })
const joined = Client.created('client.joined')
const see = () => {}
const late = reminder('late', { payload: z.object({ clientId: z.string() }), key: (p) => p.clientId })
declare const reminders: Reminders
`

const DURATIONS =
  /'number \| `\$\{number\}d` \| `\$\{number\}h` \| `\$\{number\}m` \| `\$\{number\}ms` \| `\$\{number\}s`/

/** A statement of one line, and what its error must say. */
const MISTAKES: readonly (readonly [code: string, said: RegExp])[] = [
  [`reactor('a', { retry: { base: '1 second' } })`, DURATIONS],
  [`reactor('a').on('x', joined, see, { timeout: '3 minutes' })`, DURATIONS],
  [`reactor('a').every('x', { each: 'hourly' }, see)`, DURATIONS],
  [
    `reminders.schedule(late, { in: 'soon', payload: () => ({ clientId: '1' }) })`,
    new RegExp(DURATIONS.source.replace('number ', 'number \\| DurationOf<EventMeta<string>> ')),
  ],
  [
    `reminders.schedule(late, { at: 5, payload: () => ({ clientId: '1' }) })`,
    /Type 'number' is not assignable to type '.*Instant.*'/,
  ],
  [`reminders.schedule(late, { payload: () => ({ clientId: '1' }) })`, /missing the following properties/],
  [
    `reminders.schedule(late, { local: '09:00', payload: () => ({ clientId: '1' }) })`,
    /Property 'zone' is missing/,
  ],
  [
    `void reminders.of(late).schedule({ clientId: '1', x: 1 }, { in: '1d' })`,
    /'NoSuchField<"x", "clientId">'/,
  ],
  [
    `reactor('a').on('x', joined, see, { rate: '10 per second' })`,
    /'`\$\{number\}\/h` \| `\$\{number\}\/m` \| `\$\{number\}\/s`/,
  ],
  [`reactor('a').on('x', joined, see, { effect: 'once' })`, /'"claim" \| "idempotent" \| "journal"/],
  [`reactor('a', { whenExhausted: 'drop' })`, /'"dead-letter" \| "discard" \| "halt" \| "park"/],
  [`reactor('a').on('x', joined, see, { stale: 'drop' })`, /'"skip"/],
  [`reactor('a').every('x', { each: '1h', catchUp: 'none' }, see)`, /'"all" \| "latest"/],
  [`Client.removed('x', { by: 'TTL' })`, /'"replication" \| "ttl" \| "user" .*Did you mean '"ttl"'/],
  [
    `Client.changed('x', { plan: { to: 'payd' } })`,
    /'"paid" \| "trial" \| readonly \("paid" \| "trial"\)\[\]/,
  ],
  [`Client.changed('x', { plann: { to: 'paid' } })`, /'plann' does not exist .*Did you mean to write 'plan'/],
  [`entity('x', { table: 't', key: 'ID', schema })`, /'"id" \| "name" \| "plan" \| \{.*Did you mean '"id"'/],
  [`entity('x', { table: 't', key: 'id', numbers: 'exact', schema })`, /'"double" \| "lossless"/],
  [`entity('x', { table: 't', key: 'id', version: 'id', schema })`, /'NoAttributeAlwaysHoldsANumber'/],
  [
    `reminders.schedule(late, { in: '1d', payload: () => ({ clientId: '1', x: 1 }) })`,
    /Type 'number' is not assignable to type 'NoSuchField<"x", "clientId">'/,
  ],
  [
    `reminders.schedule(late, { in: '1d', payload: () => ({ client: '1' }) })`,
    /Property 'clientId' is missing in type '\{ readonly client: "1"; \}'/,
  ],
]

test('each mistake has an error of its own that shows what is allowed', () => {
  const lines = inExample('mistakes', (folder) => {
    writeFileSync(`${folder}/mistakes.ts`, `${HEAD}${MISTAKES.map(([code]) => code).join('\n')}\n`)
    writeFileSync(
      `${folder}/tsconfig.json`,
      JSON.stringify({ extends: `${ROOT}tsconfig.base.json`, files: ['mistakes.ts'] }),
    )
    const { stdout } = spawnSync(tool('tsc'), ['-p', folder, '--pretty', 'false'], { encoding: 'utf8' })
    return stdout.split('\n')
  })
  const first = HEAD.split('\n').length
  /** What is said of a line: its error, and the lines that explain it. */
  const saidOf = (line: number) => {
    const at = lines.findIndex((text) => text.includes(`mistakes.ts(${line},`))
    const next = lines.findIndex((text, i) => i > at && !text.startsWith('  '))
    return at < 0 ? 'nothing' : lines.slice(at, next).join(' ')
  }
  for (const [i, [code, said]] of MISTAKES.entries()) expect(saidOf(first + i), code).toMatch(said)
  expect(lines.filter((text) => /error TS/.test(text))).toHaveLength(MISTAKES.length)
})
