import { Writable } from 'node:stream'
import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger'
import pino from 'pino'
import { afterEach, expect, test, vi } from 'vitest'
import { inserted, saved, worker } from '../../test/bench.ts'
import { createEngine, type EngineOptions } from '../engine.ts'
import { reactor } from '../index.ts'
import { memoryDeadLetters, memoryState } from '../memory/index.ts'
import { type Logger, silent, systemClock } from '../ports/index.ts'
import { type LoggerOption, loggerFor } from './given.ts'

const about = { service: 'app', process: 'pod-1', clock: systemClock }

afterEach(() => void vi.restoreAllMocks())

function output() {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  return (): Record<string, unknown>[] => written.mock.calls.map(([text]) => JSON.parse(String(text)))
}

test('nothing, or options, mean JSON lines on standard output', () => {
  const lines = output()
  loggerFor(undefined, about).info('one')
  loggerFor({}, about).debug('not shown')
  loggerFor({ level: 'debug' }, about).debug('two')
  expect(lines()).toMatchObject([
    { level: 'INFO', message: 'one', service: 'app', process: 'pod-1' },
    { level: 'DEBUG', message: 'two' },
  ])
})

test('keys and lanes are hashes, the same for the same key, unless they are asked for', () => {
  const lines = output()
  const fields = { lane: 'clients/acme', key: 'acme', shard: 'shardId-0' }
  loggerFor(undefined, about).info('hashed', fields)
  loggerFor(undefined, about).info('hashed again', fields)
  loggerFor({ keys: true }, about).info('plain', fields)
  const [hashed, again, plain] = lines()
  expect(JSON.stringify(hashed)).not.toContain('acme')
  expect([hashed?.lane, hashed?.key, hashed?.shard]).toEqual([again?.lane, again?.key, 'shardId-0'])
  expect(hashed?.lane).toMatch(/^[\w-]{16}$/)
  expect(plain).toMatchObject(fields)
})

test('pino fits as it is: it gets its fields first, and no key', () => {
  const written: string[] = []
  const sink = new Writable({
    write: (chunk, _, done) => {
      written.push(String(chunk))
      done()
    },
  })
  loggerFor(pino({ level: 'debug' }, sink), about).warn('lease lost', { lease: 'l', lane: 'clients/acme' })
  expect(written.map((line) => JSON.parse(line))).toMatchObject([
    { level: 40, msg: 'lease lost', lease: 'l' },
  ])
  expect(written.join()).not.toContain('acme')
})

test("Powertools' Logger fits as it is", () => {
  const written = vi.spyOn(console, 'warn').mockReturnValue()
  const logger = new PowertoolsLogger({ serviceName: 'app' })
  // It writes through a console of its own, unless it is told to use this one.
  Object.assign(logger, { console })
  loggerFor(logger, about).warn('lease lost', { lease: 'l' })
  expect(JSON.parse(String(written.mock.calls[0]?.[0]))).toMatchObject({
    level: 'WARN',
    message: 'lease lost',
    lease: 'l',
  })
})

test('console fits as it is, and `silent` says nothing', () => {
  const lines = output()
  const written = vi.spyOn(console, 'error').mockReturnValue()
  loggerFor(console, about).error('lost', { lease: 'l' })
  loggerFor(silent, about).error('lost')
  expect([written.mock.calls, lines()]).toEqual([[['lost', { lease: 'l' }]], []])
})

test('a logger that throws or rejects costs its line, and nothing else', () => {
  const boom = () => {
    throw new Error('full disk')
  }
  const rejecting = async () => boom()
  for (const each of [boom, rejecting]) {
    const logger: Logger = { debug: each, info: each, warn: each, error: each }
    expect(() => loggerFor(logger, about).error('lost')).not.toThrow()
  }
})

test('what is no logger and no options is refused with all other problems', () => {
  const engineWith = (logger: unknown) =>
    // What a caller without types might pass.
    createEngine({ ...options(), logger: logger as LoggerOption })
  for (const wrong of [5, 'console', null, [], { level: 'loud' }, { keys: 1 }, { leve: 'info' }])
    expect(() => engineWith(wrong)).toThrow(/'logger' is .*: expected a Logger such as console, pino/)
  for (const right of [
    undefined,
    {},
    { level: 'warn' },
    { keys: true },
    console,
    silent,
    pino({ enabled: false }),
  ])
    expect(() => engineWith(right)).not.toThrow()
})

const options = (): EngineOptions => ({
  application: 'app',
  reactors: [reactor('r').on('see', saved, () => Promise.reject(new Error('no')))],
  state: memoryState(),
  deadLetters: memoryDeadLetters(),
})

test('an engine that is given no logger tells of what it gives up on', async () => {
  const lines = output()
  const app = reactor('r', { retry: { attempts: 1 } }).on('see', saved, () => Promise.reject(new Error('no')))
  const engine = createEngine({ ...options(), reactors: [app] }, { process: 'pod-1' })
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'acme')])
  await vi.waitFor(() => expect(delivery.complete).toBe(true), { timeout: 10_000 })
  expect(lines()).toMatchObject([
    {
      level: 'ERROR',
      message: 'record became a dead letter',
      service: 'app',
      process: 'pod-1',
      reactor: 'r',
      route: 'see',
      entity: 'client',
      event: 'client.saved',
      position: '1',
      outcome: 'dead-letter',
      reason: 'exhausted',
      attempt: 1,
      details: { detail: 'Error: no' },
    },
  ])
  expect(JSON.stringify(lines())).not.toContain('acme')
})
