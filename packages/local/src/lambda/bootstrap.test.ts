/** What a function that is wrong meets in its process, and what whoever watches it is told. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { folders } from '../../test/folders.ts'
import { type RuntimeApi, startRuntimeApi } from './runtime-api.ts'

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.ts', import.meta.url))
const folder = folders()

let api: RuntimeApi
let child: ChildProcess | undefined
beforeEach(async () => {
  api = await startRuntimeApi()
})
afterEach(async () => {
  child?.kill('SIGKILL')
  await api.close()
})

/** Starts a function of this code, in the runtime of a version of Node. */
function functionOf(code: string, version = 24) {
  const file = join(folder(), 'function.mjs')
  writeFileSync(file, code)
  const started = spawn(process.execPath, [BOOTSTRAP, file, 'handler'], {
    env: { AWS_LAMBDA_RUNTIME_API: api.address, AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${version}.x` },
    stdio: 'pipe',
  })
  child = started
  const printed: string[] = []
  started.stderr.on('data', (chunk) => printed.push(String(chunk)))
  const closed = once(started, 'close')
  return {
    /** What it answers to an event; it fails if the process did not start. */
    async answer() {
      expect(await api.ready()).toBeUndefined()
      return api.invoke({ requestId: 'r', event: '{}', deadline: 0, functionArn: 'arn:f' })
    },
    /** All that it has printed, once it is gone. */
    async printed() {
      started.kill('SIGKILL')
      await closed
      return printed.join('')
    },
  }
}

test('what a handler throws is printed with its type, its message, its place and its cause', async () => {
  const failing = functionOf(`
    function find() { throw new TypeError('no secret', { cause: new RangeError('no vault') }) }
    export const handler = async () => find()`)
  const error = { type: 'TypeError', message: 'no secret' }
  expect(await failing.answer()).toEqual({ requestId: 'r', error })
  const printed = await failing.printed()
  expect(printed).toMatch(/^Invoke Error TypeError: no secret\n\s+at find .*function\.mjs:2:/)
  expect(printed).toContain('RangeError: no vault')
})

test.each([
  ['undefined', 'undefined', 'undefined'],
  ['Object.create(null)', 'object', '[Object: null prototype] {}'],
  ['{ [Symbol.for("nodejs.util.inspect.custom")]() { throw 1 } }', 'object', '[object Object]'],
])('what a handler throws that is no error is told all the same: %s', async (thrown, type, message) => {
  const failing = functionOf(`export const handler = async () => { throw ${thrown} }`)
  expect(await failing.answer()).toMatchObject({ error: { type, message } })
  expect(await failing.printed()).toContain(`Invoke Error ${message}`)
})

test.each(['const a = {}; a.a = a; return a', 'return { a: 1n }'])(
  'an answer that JSON cannot hold fails the invocation, and not the process: %s',
  async (body) => {
    const failing = functionOf(`export const handler = async () => { ${body} }`)
    const error = { type: 'Runtime.JSONStringifyError', message: 'Unable to stringify response body' }
    expect(await failing.answer()).toEqual({ requestId: 'r', error })
    expect(await failing.answer()).toMatchObject({ error })
    expect(await failing.printed()).toMatch(
      /^Invoke Error .*JSONStringifyError[\s\S]*cause.*(circular|BigInt)/,
    )
  },
)

test('a module that throws at its import is printed with the place', async () => {
  const failing = functionOf(`export const handler = () => {}\nthrow new SyntaxError('cannot start')`)
  expect(await api.ready()).toEqual({ type: 'SyntaxError', message: 'cannot start' })
  expect(await failing.printed()).toMatch(/^Init Error SyntaxError: cannot start\n\s+at .*function\.mjs:2:/)
})

test.each([
  ['Uncaught Exception', "setImmediate(() => { throw new Error('late') })"],
  ['Unhandled Promise Rejection', "Promise.reject(new Error('late'))"],
])('what nobody catches is printed as %s', async (label, statement) => {
  const failing = functionOf(
    `export const handler = async () => { ${statement}; return new Promise(() => {}) }`,
  )
  expect(await failing.answer()).toMatchObject({ error: { message: 'late' } })
  expect(await failing.printed()).toContain(`${label} Error: late\n`)
})

const CALLING =
  'export const handler = (event, context, callback) => { setImmediate(() => callback(null, [1])) }'

test.each([CALLING, 'export const handler = async (event, context, callback) => [1]'])(
  'from Node 24 on a handler with a callback is refused, as on AWS: %s',
  async (code) => {
    functionOf(code)
    expect(await api.ready()).toEqual({
      type: 'Runtime.CallbackHandlerDeprecated',
      message: expect.stringContaining('handler has 3 parameters'),
    })
  },
)

test.each([
  ['its callback', CALLING, { response: '[1]' }],
  ['its promise', 'export const handler = async (event, context, callback) => [1]', { response: '[1]' }],
  [
    'the error of its callback',
    "export const handler = (event, context, callback) => { setImmediate(() => callback(new Error('no'))) }",
    { error: { type: 'Error', message: 'no' } },
  ],
])('on Node 22 a handler with a callback answers by %s', async (_, code, expected) => {
  expect(await functionOf(code, 22).answer()).toEqual({ requestId: 'r', ...expected })
})
