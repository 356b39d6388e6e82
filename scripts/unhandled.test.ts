/** That rejections which nobody can handle are found: in the sources by a search, in what tests run by vitest. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ROOT } from './packages.ts'
import { run, tool } from './run.ts'
import { unhandledIn } from './unhandled.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spaceship-unhandled-'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
})
afterEach(() => rmSync(folder, { recursive: true }))

const SUBJECT = `
declare const signal: AbortSignal
declare const emitter: { on(name: string, listener: () => void): void }
declare const client: { send(): Promise<void>; abort(): void; sleep(ms: number): Promise<void> }
const abort = () => client.abort()
signal.addEventListener('abort', abort) // bad
signal.addEventListener('abort', () => client.abort()) // bad
signal.addEventListener('abort', async () => {}) // bad
signal.addEventListener('abort', () => { return client.abort() }) // bad
setTimeout(() => client.send(), 1) // bad
setInterval(async () => {}, 1) // bad
queueMicrotask(client.send) // bad
emitter.on('end', () => client.send()) // bad
new Promise<void>(async (resolve) => resolve()).catch(() => {}) // bad
;[1].forEach(async () => {}) // bad
client.send() // bad
void client.send() // bad
void client.send().finally(() => {}) // bad
void client.send().then(() => {}) // bad
signal.addEventListener('abort', () => { client.abort() })
signal.addEventListener('abort', () => void client.abort())
setTimeout(() => { client.abort() }, 1)
emitter.on('end', () => client.abort())
client.send().catch(() => {})
client.send().then(() => {}, () => {})
void client.sleep(1).then(() => {})
// Never rejects: a test says so.
void client.send()
await client.send()
let held: Promise<void>
held = client.send()
export { held }
`

test('each way to leave a rejection behind is found, and nothing else', () => {
  writeFileSync(join(folder, 'subject.ts'), SUBJECT)
  const compilerOptions = {
    strict: true,
    target: 'esnext',
    module: 'nodenext',
    types: ['node'],
    noEmit: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['subject.ts'] }))
  const found = unhandledIn(folder, 'tsconfig.json', (file) => file === 'subject.ts')
  const bad = SUBJECT.split('\n').flatMap((line, n) => (line.endsWith('// bad') ? [n + 1] : []))
  expect(found.map((problem) => Number(problem.split(':')[1]))).toEqual(bad)
})

test('a run of tests fails whose listener leaves a rejection behind, though each of its tests passes', async () => {
  mkdirSync(join(folder, 'scripts'))
  writeFileSync(
    join(folder, 'scripts', 'subject.test.ts'),
    `import { test } from 'vitest'
    test('passes', async () => {
      const stop = new AbortController()
      stop.signal.addEventListener('abort', () => Promise.reject(new Error('nobody handles it')))
      stop.abort()
      await new Promise((resolve) => setImmediate(resolve))
    })`,
  )
  const { code, output } = await run(tool('vitest'), [
    'run',
    '--root',
    folder,
    '--config',
    `${ROOT}vitest.config.ts`,
  ])
  expect(output).toContain('1 passed')
  expect(output).toContain('nobody handles it')
  expect(code).not.toBe(0)
})
