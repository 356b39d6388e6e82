/** What any runtime client relies on, AWS's own included. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RuntimeApi, startRuntimeApi } from './runtime-api.ts'

let api: RuntimeApi
beforeEach(async () => {
  api = await startRuntimeApi()
})
afterEach(() => api.close())

const root = () => `http://${api.address}/2018-06-01/runtime`
const post = (path: string, body = '') => fetch(`${root()}/${path}`, { method: 'POST', body })
const invocation = { requestId: 'r1', event: '{"a":1}', deadline: 1_764_000_000_000, functionArn: 'arn:f' }

test('holds the request for an event until there is one', async () => {
  const next = fetch(`${root()}/invocation/next`)
  await expect(api.ready()).resolves.toBeUndefined()
  const answer = api.invoke(invocation)
  const given = await next
  expect(Object.fromEntries(given.headers)).toMatchObject({
    'lambda-runtime-aws-request-id': 'r1',
    'lambda-runtime-deadline-ms': '1764000000000',
    'lambda-runtime-invoked-function-arn': 'arn:f',
    'lambda-runtime-trace-id': expect.stringMatching(
      /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/,
    ),
  })
  await expect(given.json()).resolves.toEqual({ a: 1 })
  expect((await post('invocation/r1/response', '{"b":2}')).status).toBe(202)
  await expect(answer).resolves.toEqual({ requestId: 'r1', response: '{"b":2}' })
})

async function invoked() {
  const next = fetch(`${root()}/invocation/next`)
  await api.ready()
  const answer = api.invoke(invocation)
  await next
  return answer
}

test('passes on an error, even one that is not JSON', async () => {
  const failed = expect(invoked()).resolves.toEqual({
    requestId: 'r1',
    error: { type: 'TypeError', message: 'm' },
  })
  await api.ready()
  await expect
    .poll(
      async () => (await post('invocation/r1/error', '{"errorType":"TypeError","errorMessage":"m"}')).status,
    )
    .toBe(202)
  await failed
  const broken = expect(invoked()).resolves.toMatchObject({
    error: { type: 'Error', message: expect.stringContaining('not JSON') },
  })
  await expect.poll(async () => (await post('invocation/r1/error', '{')).status).toBe(202)
  await broken
})

test('refuses an answer to an invocation that is not running', async () => {
  const late = await post('invocation/r0/response', 'null')
  expect(late.status).toBe(400)
  await expect(late.json()).resolves.toMatchObject({ errorType: 'InvalidRequestID' })
})

test('refuses an answer over 6 MB and fails the invocation', async () => {
  const failed = expect(invoked()).resolves.toMatchObject({
    error: { type: 'Function.ResponseSizeTooLarge' },
  })
  await api.ready()
  await expect
    .poll(async () => (await post('invocation/r1/response', `"${'x'.repeat(6 * 1024 * 1024)}"`)).status)
    .toBe(413)
  await failed
})

test('takes the error of an initialization', async () => {
  expect((await post('init/error', '{"errorType":"SyntaxError","errorMessage":"m"}')).status).toBe(202)
  await expect(api.ready()).resolves.toEqual({ type: 'SyntaxError', message: 'm' })
})

test('knows nothing else', async () => {
  expect((await post('invocation/next')).status).toBe(404)
  expect((await fetch(`${root()}/telemetry`)).status).toBe(404)
})
