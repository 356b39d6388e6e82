import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('the example of the README prints what it says', () => {
  const folder = fileURLToPath(new URL('..', import.meta.url))
  const [, code = ''] = /```ts\n(.*?)```/s.exec(readFileSync(`${folder}/README.md`, 'utf8')) ?? []
  const [, promised] = /console\.log\(said\) \/\/ (\[.*?\])/.exec(code) ?? []
  const flags = ['--conditions=@spaceship/source', '--input-type=module-typescript']
  const printed = execFileSync(process.execPath, flags, { cwd: folder, input: code, encoding: 'utf8' })
  expect(printed.trim()).toBe(promised)
})
