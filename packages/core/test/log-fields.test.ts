/** The closed set of log fields: the README's table, the code, and the lines of an engine in all kinds of trouble. */

import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { createEngine } from '../src/engine.ts'
import { batch, entity, Permanent, RetryAfter, reactor, skip, Unavailable } from '../src/index.ts'
import { NUMBER_FIELDS, OWN_FIELDS, TEXT_FIELDS } from '../src/log/index.ts'
import { memoryDeadLetters, memoryState, virtualClock } from '../src/memory/index.ts'
import { inserted, pass, record, worker } from './bench.ts'

const known = new Set<string>([...OWN_FIELDS, ...TEXT_FIELDS, ...NUMBER_FIELDS, 'error', 'details'])

test('the table of the README is the set', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, table = ''] = /\| field \| holds \|\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(readme) ?? []
  const named = table
    .split('\n')
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name))
  expect(named.sort()).toEqual([...known].sort())
})

const SECRET = 'xoxb-secret'
const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), n: z.number(), token: z.string().default('') }),
})
const saved = Client.saved('client.saved')

/** Reactors whose handlers end in every way that there is. */
function troubled() {
  const options = { retry: { attempts: 2, base: '1s' } } as const
  const calls = { later: 0, down: 0, denied: 0 }
  const halting = reactor('halting', options).on('halts', saved, () => Promise.reject(new Error('no')), {
    whenExhausted: 'halt',
  })
  const troubled = reactor('r', options)
    .on('fails', saved, () => Promise.reject(new Error('no')))
    .on('never', saved, () => Promise.reject(new Permanent('never')), { effect: 'claim' })
    .on('parks', saved, () => Promise.reject(new Error('no')), { whenExhausted: 'park' })
    .on('drops', saved, () => Promise.reject(new Error('no')), { whenExhausted: 'discard' })
    .on('later', saved, (_, { attempt }) =>
      attempt + calls.later++ < 3 ? Promise.reject(new RetryAfter('1s')) : undefined,
    )
    .on('down', saved, (_, { log }) => {
      log.info('asks', { tries: calls.down, at: new Date(0) })
      calls.down += 1
      if (calls.down < 10) throw new Unavailable('billing', 'billing answered 503')
    })
    .on('denied', saved, () => {
      const setup = { reason: 'denied', resource: "table 'state'", advice: 'grant dynamodb:PutItem' } as const
      calls.denied += 1
      if (calls.denied < 10) throw new Unavailable('dynamodb', undefined, { setup })
    })
    .on('skips', saved, () => skip('not today'))
    .on(
      'gathers',
      saved,
      batch({ size: 2, within: '1s' }, (_, { log }) => log.warn('gathered')),
    )
  return [troubled, halting]
}

async function trouble(keys: boolean): Promise<readonly Record<string, unknown>[]> {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    const clock = virtualClock()
    const engine = createEngine({
      application: 'app',
      reactors: troubled(),
      state: memoryState({ clock }),
      deadLetters: memoryDeadLetters(),
      clock,
      random: () => 0.3,
      logger: { level: 'debug', keys },
      maxPause: '1s',
    })
    const delivery = await engine.open(worker)
    await delivery.push([
      inserted(1, 'acme', { token: SECRET }),
      inserted(2, 'acme', { token: SECRET }),
      inserted(3, 'acme', { n: SECRET }),
      record(4, `no json ${SECRET}`),
      record(5, { specversion: '1.0', type: 'odd', source: '/x', id: '1', data: SECRET }),
    ])
    for (let s = 0; s < 300; s += 1) await pass(clock, 1_000)
    delivery.revoke(new Error('the lease was lost'))
    await pass(clock, 10_000)
    return written.mock.calls.map(([line]) => JSON.parse(String(line)))
  } finally {
    written.mockRestore()
  }
}

test('every line has fields of the set only, of one type each; no line shows a key or what a record holds', async () => {
  const lines = await trouble(false)
  expect(new Set(lines.map(({ level }) => level))).toEqual(new Set(['DEBUG', 'INFO', 'WARN', 'ERROR']))
  for (const line of lines) {
    for (const [name, value] of Object.entries(line)) {
      expect(known, name).toContain(name)
      const isNumber = name === 'seq' || NUMBER_FIELDS.some((field) => field === name)
      const isObject = name === 'error' || name === 'details'
      expect(typeof value, name).toBe(isNumber ? 'number' : isObject ? 'object' : 'string')
    }
    expect(line.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  }
  const text = JSON.stringify(lines)
  for (const hidden of ['acme', SECRET]) expect(text).not.toContain(hidden)
  const said = new Set(lines.map(({ message }) => message))
  for (const message of [
    'record became a dead letter',
    'record discarded',
    'lane parked: its records are kept in order until it is drained',
    'reactor halted on this shard until someone acts',
    'attempt failed: will retry',
    'a dependency is down: the routes that need it wait',
    'the set-up of a dependency is wrong: the routes that need it wait until it is mended',
    'a dependency is back',
    'skipped',
    'asks',
    'gathered',
  ])
    expect(said).toContain(message)
})

test('an outage is one line when it begins and one when it ends, however many wait', async () => {
  const lines = await trouble(false)
  const of = (dependency: string) =>
    lines
      .filter((line) => line.dependency === dependency && line.level !== 'DEBUG')
      .map(({ message }) => message)
  expect(of('billing')).toEqual([
    'a dependency is down: the routes that need it wait',
    'a dependency is still down: the routes that need it wait',
    'a dependency is back',
  ])
})

test('keys are shown where they are asked for', async () => {
  const lines = await trouble(true)
  expect(new Set(lines.flatMap(({ lane }) => lane ?? []))).toEqual(new Set(['clients/acme']))
})
