import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { hostile } from '../../test/hostile.ts'
import { ignoreRejection } from '../foreign.ts'
import { virtualClock } from '../memory/index.ts'
import { type JsonLinesOptions, jsonLines } from './json-lines.ts'

function writing(options: Partial<JsonLinesOptions> = {}) {
  const lines: Record<string, unknown>[] = []
  const logger = jsonLines({
    service: 'app',
    process: 'pod-1',
    clock: virtualClock(new Date('2026-11-28T12:00:00Z')),
    write: (line) => {
      expect(line).not.toContain('\n')
      lines.push(JSON.parse(line))
    },
    ...options,
  })
  return { logger, lines }
}

test('a line is one JSON object, as Lambda writes its own', () => {
  const { logger, lines } = writing({ context: () => ({ requestId: 'r-1' }) })
  logger.info('lease taken', { lease: 'a:s:1:shard', shard: 'shard', details: { from: 'nobody' } })
  expect(lines).toEqual([
    {
      timestamp: '2026-11-28T12:00:00.000Z',
      level: 'INFO',
      message: 'lease taken',
      schema: 'spaceship.1',
      service: 'app',
      process: 'pod-1',
      seq: 1,
      requestId: 'r-1',
      lease: 'a:s:1:shard',
      shard: 'shard',
      details: { from: 'nobody' },
    },
  ])
})

test('two equal lines in one millisecond are two documents', () => {
  const { logger, lines } = writing()
  logger.warn('again')
  logger.warn('again')
  expect(new Set(lines.map((line) => JSON.stringify(line))).size).toBe(2)
  expect(lines.map(({ seq }) => seq)).toEqual([1, 2])
})

test('from `info` on, or from the level that is asked for', () => {
  const all = (['debug', 'info', 'warn', 'error'] as const).map((level) => {
    const { logger, lines } = writing({ level })
    for (const at of ['debug', 'info', 'warn', 'error'] as const) logger[at](at)
    return lines.map(({ message }) => message)
  })
  expect(all).toEqual([
    ['debug', 'info', 'warn', 'error'],
    ['info', 'warn', 'error'],
    ['warn', 'error'],
    ['error'],
  ])
  const { logger, lines } = writing()
  logger.debug('not asked for')
  expect(lines).toEqual([])
})

test('what is none of the fields, or of another type than its field, stands under `details`', () => {
  const { logger, lines } = writing()
  logger.info('imported', {
    rows: 3,
    version: '1.2',
    attempt: 2,
    service: 'mine',
    seq: 'x',
    details: { more: true },
  })
  expect(lines[0]).toMatchObject({
    attempt: 2,
    service: 'app',
    seq: 1,
    details: { rows: 3, version: '1.2', service: 'mine', seq: 'x', more: true },
  })
  expect(lines[0]).not.toHaveProperty('version')
})

test('what errors and bytes make of themselves for JSON is no part of a line: it may hold secrets', () => {
  const { logger, lines } = writing()
  const headers = { Authorization: 'Bearer xoxb' }
  const error = Object.assign(new Error('no'), { toJSON: () => ({ headers }) })
  logger.error('failed', {
    error,
    cause: error,
    details: { deep: { cause: error }, body: Buffer.from('xoxb') },
  })
  const told = { name: 'Error', message: 'no' }
  expect(lines[0]).toMatchObject({
    error: told,
    details: { cause: told, deep: { cause: told }, body: '4 bytes' },
  })
  expect(JSON.stringify(lines)).not.toContain('xoxb')
})

test('errors are told by name, code and message, wherever they stand; a bigint, a set and bytes do not lose the line', () => {
  const { logger, lines } = writing()
  const error = Object.assign(new TypeError('no'), { code: 'ENOENT', secret: 'xoxb' })
  logger.error('failed', {
    error,
    cause: error,
    at: new Date(0),
    n: 5n,
    set: new Set([1]),
    bytes: new Uint8Array(9),
  })
  const told = { name: 'TypeError', code: 'ENOENT', message: 'no' }
  expect(lines[0]).toMatchObject({
    error: told,
    details: { cause: told, at: '1970-01-01T00:00:00.000Z', n: '5', set: [1], bytes: '9 bytes' },
  })
  expect(JSON.stringify(lines)).not.toContain('xoxb')
})

test('a line that would be cut says what it leaves out', () => {
  const { logger, lines } = writing()
  const route = { reactor: 'r', position: '7', error: new TypeError('no') }
  logger.error('large', { ...route, body: 'x'.repeat(200_000) })
  logger.error('large', { reactor: 'x'.repeat(200_000), position: '7' })
  const omitted = expect.stringMatching(/^fields of 200\d+ characters$/)
  // What a line is found by stays.
  expect(lines[0]).toMatchObject({
    message: 'large',
    ...route,
    error: { name: 'TypeError' },
    details: { omitted },
  })
  expect(lines[1]).toMatchObject({ message: 'large', details: { omitted } })
  expect(lines[1]).not.toHaveProperty('position')
})

const anyValue = fc.oneof(fc.anything(), fc.constantFrom(...Object.keys(hostile)))

test('a message is words: what is longer is cut', () => {
  const { logger, lines } = writing()
  logger.error('x'.repeat(300_000))
  expect(String(lines[0]?.message)).toHaveLength(2_000)
})

test('whatever is given, there is a line', () => {
  fc.assert(
    fc.property(anyValue, fc.string(), (drawn, name) => {
      const value = typeof drawn === 'string' ? (hostile[drawn]?.() ?? drawn) : drawn
      ignoreRejection(value)
      const { logger, lines } = writing()
      logger.error('odd', { [name]: value, error: value, details: value })
      expect(lines).toHaveLength(1)
      expect(lines[0]).toMatchObject({ level: 'ERROR', message: 'odd', service: 'app', seq: 1 })
    }),
  )
})

test('the lines go to standard output', () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  jsonLines({ service: 'app' }).info('hello')
  const lines = written.mock.calls.map(([text]) => String(text))
  written.mockRestore()
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: 'hello', service: 'app' })
})
